"""Daemons whose wishes or surroundings change: templates, suspension, holds, numbers, nodes."""

from dataclasses import replace
from typing import Any

import pytest

from tests.daemons import a_daemon, edited, ended, running, slot_states, started, stopped, template, without
from tests.scenario import Scenario, at
from torchtask.core.daemon import MOST_INSTANCES, SlotState
from torchtask.core.model import Phase
from torchtask.core.nodes import Node
from torchtask.core.units import Instance

NEW = {"container": {"image": "busybox:2"}}
THREE = [Instance(slot, 1) for slot in range(3)]


def replacing() -> Scenario:
    """Say that three instances run, of a template that is not wanted any more."""
    return edited(running(a_daemon(copies=3), *THREE), maxInstances=3, **NEW)


def test_another_template_replaces_one_instance_at_a_time() -> None:
    """The next one goes when the last one's successor is up, and not before."""
    first = replacing().decided("12:00:10")
    going = tuple(replace(r, deleting=r.unit == THREE[0]) for r in replacing().runs)
    gone = without(replacing(), THREE[0])
    fields: dict[str, Any] = {"template": template(gone), "start_time": at("12:00:20"), "started": True}
    starting = gone.with_run_of(Instance(0, 2), "12:00:20", **{**fields, "started": False})
    begun = gone.with_run_of(Instance(0, 2), "12:00:20", **fields)

    assert (stopped(first), started(first)) == (["0-1"], [])
    assert replace(replacing(), runs=going).decided("12:00:11").actions == ()
    assert started(gone.decided("12:00:20")) == ["0-2"]
    assert stopped(starting.decided("12:00:30")) == []
    assert stopped(begun.decided("12:00:20.9")) == []
    assert begun.decided("12:00:20.9").wake_time == at("12:00:21")
    assert stopped(begun.decided("12:00:21")) == ["1-1"]


def test_a_template_that_fails_replaces_one_instance_only() -> None:
    """The others go on; the slot is tried again, and given up like any other."""
    state = without(replacing(), THREE[0])
    state = state.after(state.decided("12:00:11"))
    fields: dict[str, Any] = {
        "template": template(state),
        "start_time": at("12:00:12"),
        "completion_time": at("12:00:12"),
    }
    state = replace(state, flights={}).with_run_of(Instance(0, 2), "12:00:12", Phase.FAILED, **fields)
    resting, again = state.decided("12:00:12.5"), state.decided("12:00:13")

    assert (started(resting), stopped(resting)) == ([], [])
    assert (started(again), stopped(again)) == (["0-3"], [])
    assert state.ledger is not None
    given_up = state.with_account(slots=tuple(replace(s, failed_starts=3) for s in state.ledger.slots)).decided(
        "12:10:00"
    )
    assert (started(given_up), stopped(given_up), given_up.over) == ([], [], False)


def test_what_is_complete_is_not_waited_for() -> None:
    """It ended well under the new template: the next one may be replaced."""
    state = edited(running(a_daemon(copies=2), *THREE[:2]), maxInstances=2, **NEW)
    state = state.after(state.decided("12:00:05"))
    assert state.ledger is not None
    done = without(state, THREE[0])
    done = done.with_account(slots=tuple(replace(s, completed=s.number == 0) for s in state.ledger.slots))

    assert stopped(done.decided("12:00:10")) == ["1-1"]


def test_what_is_not_up_is_replaced_first() -> None:
    """A broken template is mended by the next edit, without a good instance being touched."""
    state = replacing()
    state = replace(state, runs=tuple(replace(r, started=r.unit != THREE[2]) for r in state.runs))

    assert stopped(state.decided("12:00:10")) == ["2-1"]


def test_the_annotation_replaces_instances_like_an_edit() -> None:
    """`torchtask.dev/restart` is a new template of the same text."""
    state = running(a_daemon(copies=2), *THREE[:2])

    assert stopped(state.decided("12:00:10")) == []
    assert stopped(state.asking(restart="now").decided("12:00:10")) == ["0-1"]


@pytest.mark.parametrize("problem", [{"held": "moving"}, {"template_error": "no such field"}, {"crowded": True}])
def test_what_is_held_or_refused_starts_nothing_and_stops_nothing(problem: dict[str, Any]) -> None:
    """What runs goes on, also with an older template; what ended stays ended until the trouble is over."""

    def troubled(state: Scenario) -> Scenario:
        return replace(state, held=problem["held"]) if "held" in problem else state.asking(**problem)

    gone = without(running(a_daemon(copies=3), *THREE), THREE[2])

    assert troubled(replacing()).decided("12:00:10").actions == ()
    assert troubled(gone).decided("12:00:10").actions == ()
    assert started(gone.decided("12:00:10")) == ["2-2"]


def test_a_suspended_daemon_stops_all_and_starts_none() -> None:
    """At once, under a hold too and with its nodes out of sight; resumed, it starts them again at once."""
    state = edited(running(a_daemon(copies=3), *THREE), maxInstances=3, suspend=True)
    everywhere = edited(state, runOn="EveryNode", suspend=True)
    decision = state.decided("12:00:10")
    resumed = edited(without(state, *THREE).after(decision), maxInstances=3)

    assert (stopped(decision), started(decision)) == (["0-1", "1-1", "2-1"], [])
    assert stopped(replace(state, held="moving").decided("12:00:10")) == ["0-1", "1-1", "2-1"]
    assert stopped(replace(everywhere, nodes=None).decided("12:00:10")) == ["0-1", "1-1", "2-1"]
    assert slot_states(without(state, *THREE), decision, "12:00:11") == [SlotState.STOPPED] * 3
    assert started(resumed.decided("12:00:12")) == ["0-2", "1-2", "2-2"]


def test_fewer_copies_stop_the_last_ones() -> None:
    """Their slots are remembered until nothing is left of them, and count for nothing meanwhile."""
    state = edited(running(a_daemon(copies=3), *THREE), maxInstances=1, daemon={"restartPolicy": "OnFailure"})
    state = state.after(state.decided("12:00:09")).written()
    assert stopped(state.decided("12:00:10")) == ["1-1", "2-1"]

    history = ended(state, Phase.SUCCEEDED)
    decision = history.decided("12:00:20")
    assert [s.number for s in decision.ledger.slots] == [0, 1, 2]
    assert slot_states(history, decision, "12:00:20") == [SlotState.COMPLETED, SlotState.STOPPED, SlotState.STOPPED]
    assert decision.over
    assert [s.number for s in without(history, *THREE[1:]).decided("12:00:20").ledger.slots] == [0]


def test_a_launch_that_waits_for_room_is_forgotten_with_its_slot() -> None:
    """It would only be stopped."""
    state = a_daemon(copies=2)
    waiting = state.after(state.decided("12:00:01"))

    assert set(edited(waiting).decided("12:00:02").flights) == {Instance(0, 1)}


# --- nodes


def node(name: str, *, ready: bool = True) -> Node:
    """Make a node."""
    return Node(name, {}, (), (), ready)


def everywhere(*nodes: Node, copies: int = 1) -> Scenario:
    """Begin with a daemon on every node."""
    return replace(a_daemon(copies=copies, where={"runOn": "EveryNode"}), nodes=nodes)


def test_each_node_that_is_ready_gets_its_instances() -> None:
    """`maxInstances` of them; a node that comes gets its own, and one that is not ready waits."""
    state = everywhere(node("a"), node("b", ready=False), copies=2)

    assert started(state.decided("12:00:01")) == ["0-1 on a", "1-1 on a"]
    state = replace(state.after(state.decided("12:00:01")), nodes=(node("a"), node("b")))
    assert started(state.decided("12:00:02")) == ["0-1 on b", "1-1 on b"]


def test_a_node_that_goes_takes_its_instance_with_it() -> None:
    """What is left of it is stopped, and its slot forgotten; with one that is not ready nothing is done."""
    state = running(everywhere(node("a"), node("b")), Instance(0, 1, "a"), Instance(0, 1, "b"))
    gone = replace(state, nodes=(node("a"),))
    weak = replace(state, nodes=(node("a"), node("b", ready=False)))

    assert stopped(gone.decided("12:00:10")) == ["0-1 on b"]
    assert [s.node for s in without(gone, Instance(0, 1, "b")).decided("12:00:11").ledger.slots] == ["a"]
    assert weak.decided("12:00:10").actions == ()
    assert ended(weak).decided("12:00:15").ledger.counts.failed == 2
    assert started(ended(weak).decided("12:00:15")) == ["0-2 on a"]


def test_with_its_nodes_out_of_sight_a_daemon_waits() -> None:
    """Nothing is started, stopped or forgotten: not to know of a node is not to know that it is gone."""
    state = running(everywhere(node("a")), Instance(0, 1, "a"))
    blind = replace(ended(state), nodes=None)
    decision = blind.decided("12:00:15")

    assert decision.actions == ()
    assert [s.node for s in decision.ledger.slots] == ["a"]
    assert slot_states(blind, decision, "12:00:15") == [SlotState.STARTING]


def test_addresses_that_nothing_has_get_no_instance() -> None:
    """What runs goes on: its node may have another address for now."""
    state = a_daemon(where={"nodeAddresses": ["10.0.0.9"]})
    alive = running(state, Instance(0, 1))

    assert started(state.decided("12:00:01")) == []
    assert alive.decided("12:00:10").actions == ()


def test_there_are_never_more_instances_than_a_status_can_tell_of() -> None:
    """However many nodes there are."""
    nodes = [node(f"n{number:04}") for number in range(MOST_INSTANCES)]
    decision = everywhere(*nodes, copies=2).decided("12:00:01")

    assert len(started(decision)) == MOST_INSTANCES


def test_cordons_do_not_add_up_to_more_instances() -> None:
    """Those on nodes that are not ready stay, and count; so the status can tell of all of them."""
    names = [f"n{number:02}" for number in range(40)]
    state = everywhere(*(node(name) for name in names), copies=100)
    for cordoned in (0, 10, 20, 30):
        decision = state.decided("12:00:01")
        state = running(state.after(decision), *(u for u in decision.flights if isinstance(u, Instance)))
        state = replace(state, flights={}, nodes=tuple(node(n, ready=i >= cordoned) for i, n in enumerate(names)))

    decision = state.decided("12:00:10")
    assert len(decision.ledger.slots) == MOST_INSTANCES
    assert started(decision) == stopped(decision) == []

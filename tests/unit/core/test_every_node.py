"""EveryNode, and nodes by their addresses: a fire time has one unit for each matching node (law L1)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at, unit
from torchtask.core.decide import Decision
from torchtask.core.launch import Attempt, InFlight, Launch
from torchtask.core.nodes import Node
from torchtask.core.units import Timed, Unit

A, B = Node("a", {"disk": "ssd"}, ("10.0.0.1",), (), ready=True), Node("b", {}, ("10.0.0.2",), (), ready=True)
B_DOWN = replace(B, ready=False)
ADDRESSED: dict[str, Any] = {"nodeAddresses": ["10.0.0.1"]}


def on_nodes(*nodes: Node, **spec: Any) -> Scenario:
    """Begin with a task that runs on every node, in a cluster of these."""
    return replace(a_task(runOn="EveryNode", **spec).since("12:00:05"), nodes=nodes)


def launched(decision: Decision) -> list[str]:
    """Name what is launched, as `12:00:10 a`."""
    units = (action.unit for action in decision.actions if isinstance(action, Launch))
    return [f"{u.fire_time:%H:%M:%S} {u.node}".strip() for u in units if isinstance(u, Timed)]


def counted(decision: Decision) -> dict[str, int]:
    """Count what was not launched, closed in the books or not yet."""
    found: dict[str, int] = {n.reason: n.count for n in decision.ledger.not_launched}
    for outcome in decision.ledger.pending:
        if outcome.reason:
            found[str(outcome.reason)] = found.get(str(outcome.reason), 0) + outcome.count
    return found


def flying(*units: Unit, **changes: Any) -> dict[Unit, InFlight]:
    """Make the launches of units, wanted at 12:00:10."""
    flight = InFlight(units[0], at("12:00:10"), at("12:00:10"), at("12:00:10"), begun_time=at("12:00:10"))
    return {u: replace(flight, unit=u, **changes) for u in units}


@pytest.mark.parametrize(
    ("nodes", "spec", "expected", "skipped"),
    [
        ((B, A), {}, ["12:00:10 a", "12:00:10 b"], {}),
        ((B_DOWN, A), {}, ["12:00:10 a"], {"NodeNotReady": 1}),
        ((B_DOWN,), {}, [], {"NodeNotReady": 1}),
        ((), {}, [], {"NoNode": 1}),
        ((A, B), {"nodeSelector": {"disk": "ssd"}}, ["12:00:10 a"], {}),
        ((B,), {"nodeSelector": {"disk": "ssd"}}, [], {"NoNode": 1}),
        ((A, B), {"nodeNames": ["b", "gone"]}, ["12:00:10 b"], {}),
        ((A, B), ADDRESSED, ["12:00:10 a"], {}),
        ((B,), ADDRESSED, [], {"NoNode": 1}),
    ],
)
def test_each_ready_matching_node_has_a_run(
    nodes: tuple[Node, ...], spec: dict[str, Any], expected: list[str], skipped: dict[str, int]
) -> None:
    """One that is not ready is skipped and told; so is, once, a fire time that no node matches."""
    decision = on_nodes(*nodes, **spec).decided("12:00:10")

    assert launched(decision) == expected
    assert counted(decision) == skipped


def test_every_nodes_run_counts_by_itself() -> None:
    """Each was due, and each is launched, skipped or missed (L12)."""
    state = on_nodes(A, B, Node("c", {}, (), (), ready=False))
    state = state.after(state.decided("12:00:10"), sent="12:00:10")
    state = state.with_run_of(unit("12:00:10", "a"), "12:00:10").with_run_of(unit("12:00:10", "b"), "12:00:10")
    counts = state.decided("12:00:11").ledger.counts

    assert (counts.due, counts.launched, counts.skipped, counts.stopped) == (3, 2, 1, 0)


def test_the_account_waits_for_the_last_node() -> None:
    """A fire time is accounted for when all of its launches are answered (L2)."""
    state = on_nodes(A, B)
    state = state.after(state.decided("12:00:10"), sent="12:00:10").with_run_of(unit("12:00:10", "a"), "12:00:10")
    decision = state.decided("12:00:11")

    assert decision.ledger.accounted_time == at("12:00:09")
    assert decision.ledger.counts.launched == 0


@pytest.mark.parametrize(
    ("spec", "expected", "skipped"),
    [
        ({}, ["12:00:20 b"], {"MaxInstances": 1}),
        ({"maxInstances": 2}, ["12:00:20 a", "12:00:20 b"], {}),
        ({"concurrencyPolicy": "Allow"}, ["12:00:20 a", "12:00:20 b"], {}),
    ],
)
def test_the_limit_holds_for_each_node_by_itself(
    spec: dict[str, Any], expected: list[str], skipped: dict[str, int]
) -> None:
    """A run that is active on one node takes no room on another."""
    state = replace(on_nodes(A, B, **spec).since("12:00:15").counted(launched=2), nodes=(A, B))
    state = state.with_run_of(unit("12:00:10", "a"), "12:00:10")
    decision = state.decided("12:00:20")

    assert launched(decision) == expected
    assert counted(decision) == skipped


def test_a_launch_that_is_not_seen_yet_takes_room_on_its_node() -> None:
    """As on any node (L4)."""
    state = replace(on_nodes(A, B).since("12:00:15"), flights=flying(unit("12:00:10", "a"), attempt=Attempt.ACCEPTED))

    assert launched(state.decided("12:00:20")) == ["12:00:20 b"]


def test_after_a_crash_in_the_middle_of_a_fire_time_only_what_is_missing_is_launched() -> None:
    """The Job of one node exists, the status does not know it yet (L10)."""
    decision = on_nodes(A, B).with_run_of(unit("12:00:10", "a"), "12:00:10").decided("12:00:12")

    assert launched(decision) == ["12:00:10 b"]
    assert [o.unit for o in decision.ledger.pending] == [unit("12:00:10", "a")]


def test_after_a_long_crash_in_the_middle_the_newest_fire_time_is_still_made_whole() -> None:
    """It ranks among the late ones, with its Job, and `catchUp: Latest` chooses it (L3)."""
    state = on_nodes(A, B).with_run_of(unit("12:00:50", "a"), "12:00:50")
    decision = state.decided("12:00:58")

    assert launched(decision) == ["12:00:50 b"]
    assert counted(decision) == {"Downtime": 4}


def test_a_fire_time_lost_to_downtime_is_one_unit() -> None:
    """Nobody knows which nodes there were (L1)."""
    decision = on_nodes(A, B).decided("12:00:58")

    assert launched(decision) == ["12:00:50 a", "12:00:50 b"]
    assert counted(decision) == {"Downtime": 4}


@pytest.mark.parametrize("spec", [{"runOn": "EveryNode"}, ADDRESSED])
def test_while_nodes_are_out_of_sight_nothing_is_decided(spec: dict[str, Any]) -> None:
    """Nothing is launched, nothing is skipped, and the account does not move."""
    blind = replace(a_task(**spec).since("12:00:05"), nodes=None)
    decision = blind.decided("12:00:25")

    assert (decision.actions, decision.ledger.counts.due, decision.ledger.pending) == ((), 0, ())
    assert decision.ledger.accounted_time == at("12:00:05")
    assert decision.wake_time is not None
    assert decision.wake_time > at("12:00:25")


@pytest.mark.parametrize(
    ("catch_up", "now", "expected", "missed"),
    [
        ("Latest", "12:00:25", ["12:00:20 a"], {"Downtime": 1}),
        ("Latest", "12:00:28", ["12:00:20 a"], {"Downtime": 1}),
        ("None", "12:00:25", ["12:00:20 a"], {"Downtime": 1}),
        ("None", "12:00:28", [], {"Downtime": 2}),
    ],
)
def test_when_nodes_are_seen_again_what_passed_is_caught_up(
    catch_up: str, now: str, expected: list[str], missed: dict[str, int]
) -> None:
    """What is recent is due, what is late goes by `catchUp`: as after any outage (L3)."""
    blind = replace(on_nodes(catchUp=catch_up), nodes=None)
    seen = replace(blind.after(blind.decided("12:00:24")), nodes=(A,))
    decision = seen.decided(now)

    assert launched(decision) == expected
    assert counted(decision) == missed


def test_what_needs_no_nodes_does_not_wait_for_them() -> None:
    """Names alone are put into the Job; the scheduler knows the rest."""
    state = replace(a_task(nodeNames=["gone"]).since("12:00:05"), nodes=None)

    assert launched(state.decided("12:00:10")) == ["12:00:10"]


def test_a_launch_that_was_sent_is_asked_for_again_while_nodes_are_out_of_sight() -> None:
    """It was decided when they were seen (L7)."""
    state = replace(on_nodes(), nodes=None, flights=flying(unit("12:00:10", "a"), attempt=Attempt.SENT))

    assert launched(state.decided("12:00:11")) == ["12:00:10 a"]


def test_an_address_that_no_node_has_runs_nowhere() -> None:
    """`NoNode`, for each fire time; a name beside it is enough to go on."""
    nowhere = replace(a_task(nodeAddresses=["10.9.9.9"]).since("12:00:05"), nodes=(A, B))
    named = replace(a_task(nodeAddresses=["10.9.9.9"], nodeNames=["a"]).since("12:00:05"), nodes=(A, B))

    assert counted(nowhere.decided("12:00:10")) == {"NoNode": 1}
    assert launched(nowhere.decided("12:00:10")) == []
    assert launched(named.decided("12:00:10")) == ["12:00:10"]


def test_what_waits_in_the_queue_waits_for_a_node_too() -> None:
    """A launch that no node admits would be rejected by the API server."""
    state = replace(a_task(concurrencyPolicy="Queue", **ADDRESSED).since("12:00:05").queued("12:00:01"), nodes=(B,))
    decision = state.decided("12:00:06")

    assert (launched(decision), counted(decision)) == ([], {})
    assert decision.ledger.queued == (at("12:00:01"),)
    assert launched(replace(state.after(decision), nodes=(A, B)).decided("12:00:07")) == ["12:00:01"]


def test_a_refused_launch_whose_node_left_is_not_asked_for_again() -> None:
    """It is skipped like a fire time that comes then."""
    refused = flying(unit("12:00:10"), attempt=Attempt.REFUSED)
    state = replace(a_task(**ADDRESSED).since("12:00:10"), nodes=(B,), flights=refused)
    decision = state.decided("12:00:12")

    assert (launched(decision), counted(decision)) == ([], {"NoNode": 1})


def test_each_node_misses_what_the_caps_kept_back() -> None:
    """When the next fire time comes, each launch that waits is missed (L6)."""
    waiting = flying(unit("12:00:10", "a"), unit("12:00:10", "b"))
    state = replace(on_nodes(A, B).since("12:00:10"), nodes=(A, B), flights=waiting)
    decision = state.decided("12:00:20")

    assert launched(decision) == ["12:00:20 a", "12:00:20 b"]
    assert counted(decision) == {"LimitReached": 2}


def test_what_waits_when_a_task_comes_to_run_on_every_node_is_skipped() -> None:
    """On every node nothing waits in a queue; it is told, like any that no longer fits (L9)."""
    state = replace(a_task(concurrencyPolicy="Queue").since("12:00:05").queued("12:00:01"), nodes=(A,))
    decision = state.edited(runOn="EveryNode").decided("12:00:06")

    assert (launched(decision), decision.ledger.queued, counted(decision)) == ([], (), {"SpecChanged": 1})


def test_thousands_of_nodes_are_one_decision() -> None:
    """A fire time on all of them is launched in one pass, and held in one."""
    nodes = tuple(Node(f"worker-{number}", {}, (), (), ready=True) for number in range(2_000))
    state = on_nodes(*nodes, maxInstances=2)
    (run,) = state.with_run_of(unit("12:00:00", "worker-0"), "12:00:00").runs
    runs = tuple(replace(run, unit=unit("12:00:00", node.name), name=node.name) for node in nodes)
    decision = replace(state, runs=runs).decided("12:00:10")
    held = replace(state.after(decision, sent="12:00:10"), held="a move").decided("12:00:11")

    assert (len(launched(decision)), {f.lost for f in held.flights.values()}) == (2_000, {"Held"})

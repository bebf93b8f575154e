"""What can happen in every replay: time, caps and holds, operators that come and go, requests that are lost or late."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.property.operators import Operator
from tests.property.world import LEASE, START, World
from torchtask.core.launch import Answer


class Replaying(RuleBasedStateMachine):
    """A world in which Hypothesis takes these steps in any order."""

    world: World
    usurped_time = START

    def act(self, operator: Operator) -> None:
        """Let an operator decide, and check what it asks for."""
        raise NotImplementedError

    # --- time and the user

    @rule(seconds=st.sampled_from([0.3, 1, 1, 2, 4, 11, 60]))
    def pass_time(self, seconds: float) -> None:
        """Let time pass; nobody decides meanwhile."""
        self.world.now += timedelta(seconds=seconds)

    @rule(held=st.booleans())
    def hold(self, held: bool) -> None:  # noqa: FBT001 -- a strategy's value
        """Hold all launches, or release them."""
        self.world.held = held

    @rule(full=st.booleans())
    def fill(self, full: bool) -> None:  # noqa: FBT001 -- a strategy's value
        """Let other tasks fill the caps."""
        self.world.caps_full = full

    # --- the operators

    @rule()
    def turn(self) -> None:
        """Decide, and send what is asked for."""
        self.act(self.world.operator)

    @rule()
    def write(self) -> None:
        """Write the status; only what the server holds survives a crash."""
        self.world.write(self.world.operator)

    @rule()
    def crash(self) -> None:
        """Forget everything that is not in the cluster; a new operator lists it, then looks."""
        self.world.operator, self.world.ghost = self.world.successor(), None

    @rule()
    def usurp(self) -> None:
        """Let another operator take over, while this one does not know it yet."""
        self.world.ghost, self.usurped_time = self.world.operator, self.world.now
        self.world.operator = self.world.successor()

    @precondition(lambda self: self.world.ghost is not None)
    @rule(writes=st.booleans())
    def haunt(self, writes: bool) -> None:  # noqa: FBT001 -- a strategy's value
        """Let the one that was replaced go on, as long as its Lease would have lasted."""
        ghost = self.world.ghost
        assert ghost is not None
        if self.world.now > self.usurped_time + LEASE:
            self.world.ghost = None
        elif writes:
            self.world.write(ghost)
        else:
            self.act(ghost)

    # --- the cluster

    @precondition(lambda self: self.world.requests)
    @rule(data=st.data(), answered=st.booleans())
    def serve(self, data: st.DataObject, answered: bool) -> None:  # noqa: FBT001 -- a strategy's value
        """Act on any request under way, in any order; its answer may be lost."""
        number = data.draw(st.integers(0, len(self.world.requests) - 1))
        self.world.pass_on(self.world.requests.pop(number), answered=answered)

    @precondition(lambda self: self.world.requests)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """Lose a request before the server sees it."""
        request = self.world.requests.pop(data.draw(st.integers(0, len(self.world.requests) - 1)))
        if request.life == self.world.operator.life:
            self.world.hear(self.world.operator, request.action, Answer.UNKNOWN)

    @rule()
    def watch(self) -> None:
        """Catch up with the cluster."""
        self.world.watch(self.world.operator)

    @rule()
    def explain(self) -> None:
        """Answer every inquiry about Pods."""
        self.world.explain(self.world.operator)

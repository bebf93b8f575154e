"""A fault that strikes a thousand tasks is told in a few lines, and all of it is counted."""

import logging
from collections.abc import Callable, Iterator

import pytest

from torchtask.cluster.errors import ApiError, NoAnswerError, NotLeadingError
from torchtask.core.errors import InvalidScheduleError
from torchtask.engine import complaints
from torchtask.engine.complaints import INTERVAL_SECONDS, MOST_FAULTS, Complaints, fault_of
from torchtask.metrics import Metrics

NO_ROUTE = NoAnswerError("POST /jobs: no route")
BUSY = ApiError(503, "ServiceUnavailable", "etcd has no leader")


class World:
    """Complaints under a clock that is set by hand, and what they log."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.time, self.metrics, self._caplog = 0.0, Metrics(), caplog
        self.all = Complaints(self.metrics.health.faults, lambda: self.time)
        self.launching = self.all.about("launching")

    def pass_by(self, seconds: int, each: Callable[[], None] = lambda: None) -> None:
        """Let time pass, with a look and `each` in every second."""
        for _ in range(seconds):
            self.time += 1
            each()
            self.all.tell()

    def lines(self) -> list[str]:
        """Take what was logged."""
        found = [record.getMessage() for record in self._caplog.records]
        self._caplog.clear()
        return found

    def counted(self, doing: str, fault: str) -> float | None:
        """Return how often that happened."""
        return self.metrics.registry.get_sample_value("torchtask_faults_total", {"doing": doing, "fault": fault})


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    """Begin without a fault."""
    with caplog.at_level(logging.INFO, complaints.__name__):
        yield World(caplog)


def test_the_first_of_a_kind_is_told_at_once(world: World) -> None:
    """With whom it struck, and in the server's words; another way to fail is another kind."""
    world.launching.failed(NO_ROUTE, "team/report")
    world.launching.failed(NO_ROUTE, "team/other")
    world.launching.failed(BUSY, "team/report")
    world.all.about("judging").failed(BUSY)

    assert world.lines() == [
        "launching: team/report: POST /jobs: no route",
        "launching: team/report: 503 ServiceUnavailable: etcd has no leader",
        "judging: 503 ServiceUnavailable: etcd has no leader",
    ]


def test_an_outage_that_strikes_a_thousand_tasks_is_one_line_in_ten_seconds(world: World) -> None:
    """And each of its failures is counted."""

    def all_fail() -> None:
        for number in range(1_000):
            world.launching.failed(NO_ROUTE, f"team/task-{number}")

    world.pass_by(60, all_fail)

    first, *others = world.lines()
    assert first == "launching: team/task-0: POST /jobs: no route"
    assert others[0] == ("launching: failed 10999 more times in 10 s, the last team/task-999: POST /jobs: no route")
    assert len(others) == 5
    assert world.counted("launching", "NoAnswer") == 60_000


def test_the_end_of_a_trouble_is_told_once(world: World) -> None:
    """With how often it struck and how long, so that nobody has to add up."""
    world.pass_by(25, lambda: world.launching.failed(NO_ROUTE))
    world.launching.well()
    world.lines()

    world.pass_by(60, world.launching.well)

    assert world.lines() == [
        "launching: failed 4 more times in 10 s, the last POST /jobs: no route",
        "launching: well again, after 25 failures (NoAnswer) in 24 s",
    ]


def test_silence_is_no_good_news(world: World) -> None:
    """A server that takes half a minute to fail has not recovered meanwhile; nor before the failure came."""
    world.launching.well()
    world.launching.failed(NO_ROUTE)
    world.lines()
    world.pass_by(30)
    world.launching.failed(NO_ROUTE)
    world.pass_by(30)

    assert world.lines() == ["launching: failed 1 more times in 31 s, the last POST /jobs: no route"]


def test_one_task_in_trouble_among_many_that_are_well_is_no_flood(world: World) -> None:
    """What succeeds for others does not make each failure the first one."""

    def one_fails() -> None:
        world.launching.failed(BUSY, "team/report")
        world.launching.well()

    world.pass_by(60, one_fails)

    assert len(world.lines()) == 1 + 5


def test_a_fault_that_comes_back_is_told_again(world: World) -> None:
    """Once it was over."""
    world.launching.failed(BUSY)
    world.pass_by(15, world.launching.well)
    world.launching.failed(BUSY)

    assert [line.split(":")[1].split(",")[0].strip() for line in world.lines()] == [
        "503 ServiceUnavailable",
        "well again",
        "503 ServiceUnavailable",
    ]


def test_a_server_that_makes_up_faults_is_not_remembered_for_ever(world: World) -> None:
    """There is an end to the kinds, and to the length of the words."""
    for status in range(400, 600):
        world.launching.failed(ApiError(status, "", "x" * 10_000))

    lines = world.lines()
    assert len(lines) == MOST_FAULTS + 1
    assert max(map(len, lines)) < 600
    assert world.counted("launching", "Other") == 200 - MOST_FAULTS


def test_a_fault_of_our_own_brings_its_trace(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Once; a refusal of the server's needs none, nor its silence."""
    for error in (KeyError("metadata"), KeyError("metadata"), BUSY, TimeoutError()):
        world.launching.failed(error)

    assert [bool(record.exc_info) for record in caplog.records] == [True, False, False]


def test_who_does_not_lead_any_more_has_no_fault(world: World) -> None:
    """Nothing was asked of anybody: it is neither told nor counted, nor does it keep a trouble going."""
    world.launching.failed(NotLeadingError("POST /jobs: not the leader"), "team/report")
    world.pass_by(30)

    assert world.lines() == []
    assert world.counted("launching", "NotLeadingError") is None


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ApiError(429, "TooManyRequests", ""), "429"),
        (ApiError(0, "", ""), "Other"),
        (ApiError("soon", "", ""), "Other"),  # type: ignore[arg-type]  # an ERROR in a watch is anybody's JSON
        (NoAnswerError("reset"), "NoAnswer"),
        (TimeoutError(), "NoAnswer"),
        (InvalidScheduleError("spec.schedule", "25"), "InvalidSchedule"),
        (KeyError("metadata"), "KeyError"),
    ],
)
def test_faults_are_told_apart_by_what_an_operator_can_do(error: Exception, fault: str) -> None:
    """Each kind has a name of its own, and there are not many."""
    assert fault_of(error) == fault


def test_an_error_without_words_says_what_it_is(world: World) -> None:
    """An empty line helps nobody."""
    world.launching.failed(TimeoutError(), "team/report")

    assert world.lines() == ["launching: team/report: TimeoutError()"]


def test_what_is_told_is_told_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator looks every second, whether or not anything fails."""
    looks = iter(range(3))

    async def sleep(_: float) -> None:
        if next(looks, None) is None:
            raise RuntimeError("enough")
        world.time += INTERVAL_SECONDS

    monkeypatch.setattr("asyncio.sleep", sleep)
    world.launching.failed(NO_ROUTE)
    world.launching.failed(NO_ROUTE)
    with pytest.raises(RuntimeError, match="enough"):
        world.all.run().send(None)

    assert len(world.lines()) == 2

"""When an operator could see and decide, by its calls; and what it was told of Jobs."""

from dataclasses import replace
from math import inf

from tests.faults.exchange import Delivered
from tests.faults.histories import FORBID, NOON, call, launched, text
from tests.faults.sight import ALWAYS, Told, common, leading, longest, seen, there

LIST, WATCH = call("list", "jobs", 10), replace(call("watch", "jobs", 11), ended=20)
FAILED, AGAIN = call("list", "jobs", 21, status=503), call("list", "jobs", 24)


def test_a_collection_is_seen_from_its_list_until_its_watch_is_lost() -> None:
    """It is lost for as long as no list comes through as a whole."""
    assert seen([LIST, WATCH, FAILED, AGAIN], [], "jobs") == [(10.01, 20), (24.01, inf)]


def test_a_watch_that_is_opened_again_is_not_lost() -> None:
    """It ends all the time."""
    assert seen([LIST, WATCH, call("watch", "jobs", 20.1)], [], "jobs") == [(10.01, inf)]


def test_a_part_of_a_list_shows_nothing() -> None:
    """Nor does what its first page says."""
    page = replace(LIST, server_body=b'{"metadata":{"resourceVersion":"7","continue":"x"},"items":[')
    assert seen([page, replace(LIST, arrived=12, answered=13, query={"continue": "x"})], [], "jobs") == [(13, inf)]


def test_who_is_gone_sees_nothing() -> None:
    """Until the next process has listed."""
    assert seen([LIST, AGAIN], [15], "jobs") == [(10.01, 15), (24.01, inf)]


def test_who_holds_the_lease_leads_for_a_while() -> None:
    """Who only reads it does not, nor who gives it back; who shows nothing of one is believed."""
    renewed = replace(call("patch", "leases", 10), body=text(spec={"holderIdentity": "a"}))
    given_back = replace(renewed, arrived=12.0, answered=12.1, body=text(spec={"holderIdentity": ""}))
    assert leading([renewed, given_back]) == [(10.01, 20)]
    assert leading([call("get", "leases", 10)]) == []
    assert leading([]) == [ALWAYS]


def test_somebody_is_there_who_leads_and_sees() -> None:
    """Of two operators either may do."""
    stands_by = [replace(c, operator="b") for c in (LIST, call("get", "leases", 10))]
    leads = replace(call("patch", "leases", 12), body=text(spec={"holderIdentity": "a"}))
    assert there([LIST, leads, *stands_by], [], ["jobs"]) == [(12.01, 22)]


def test_the_longest_stretch_is_found() -> None:
    """Spans that touch are one; what is cut out parts them."""
    spans = [(0.0, 2.0), (2.0, 5.0), (7.0, 11.0)]
    assert longest(spans, 1, 20) == 4
    assert longest(spans, 1, 20, [(8.0, 10.5)]) == 4
    assert longest(spans, 1, 20, [(1.5, 4.5), (8.0, 10.5)]) == 1
    assert longest(spans, 12, 20) == 0
    assert common(spans, [(1.0, 8.0)]) == [(1.0, 2.0), (2.0, 5.0), (7.0, 8.0)]


def test_an_end_is_known_when_an_event_or_a_list_told_of_it() -> None:
    """Where neither was written down, at once."""
    _, run = launched(FORBID, NOON)
    version, over = run.finished_version or 0, run.finished or 0.0
    news = Delivered(over + 3, "a", "jobs", "MODIFIED", run.namespace, run.name, str(version))
    older = news._replace(time=over + 1, version=str(version - 1))
    listed = replace(call("list", "jobs", over + 2), server_body=b'{"resourceVersion":"%d"}' % (version + 5))
    assert Told([], []).end(run) == over
    assert Told([older], []).end(run) is None
    assert Told([older, news], []).end(run) == over + 3
    assert Told([older, news], [listed]).end(run) == listed.answered
    assert Told([], []).end(replace(run, finished=None, finished_version=None)) is None

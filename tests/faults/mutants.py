"""Deliberate bugs of the running operator, one line each: the oracle must catch every one, or it is void.

`python -m tests.faults --mutants` plays each with the experiment that shows it. Law: each invariant has a mutant that
it alone catches.
"""

from dataclasses import dataclass

from tests.mutants import mutant


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant(mutant.Mutant):
    """A bug in `module`; `caught_by` is the invariant that must not hold with it, in the `experiment` of that name.

    `also` are those that may break with it, with the reason why one cannot break without the other; no others may.
    """

    module: str
    experiment: str
    also: tuple[str, ...] = ()


MUTANTS = {
    "random Job name": Mutant(
        module="torchtask.core.manifest",
        old="    name = names.run_name(task.name, task.uid, start.unit)",
        new="    name = f'{names.run_name(task.name, task.uid, start.unit)}-{__import__(\"secrets\").token_hex(3)}'",
        promise="a launch that is sent again makes no second Job",
        experiment="creates that go wrong",
        caught_by="I1",
    ),
    "finite retries": Mutant(
        module="torchtask.core.launch",
        old="            return _later(heard, reply, now), None",
        new="            return (_later(heard, reply, now) if flight.tries < 1 else None), None",
        promise="a launch that was sent is repeated until it has an answer",
        experiment="creates that go wrong",
        caught_by="I2",
    ),
    "no time-out": Mutant(
        module="torchtask.cluster.api",
        old="timeout=aiohttp.ClientTimeout(total=seconds, connect=min(CONNECT_SECONDS, seconds)),",
        new="timeout=aiohttp.ClientTimeout(total=None, connect=min(CONNECT_SECONDS, seconds)),",
        promise="a request that is never answered is given up, and made again",
        experiment="creates that are never answered",
        caught_by="I2",
    ),
    "no resourceVersion": Mutant(
        module="torchtask.engine.writer",
        old='{"metadata": {"resourceVersion": str(record.version)}, "status": document}',
        new='{"status": document}',
        promise="a status that is late overwrites no later one",
        experiment="a status that arrives late",
        caught_by="I2",
    ),
    "looks every two seconds": Mutant(
        module="torchtask.engine.operation",
        old="            await asyncio.sleep(0)  # who was roused already",
        new="            await asyncio.sleep(2)  # who was roused already",
        promise="a task is looked at when its time comes, and not when the loop happens to come by",
        experiment="a steady load",
        caught_by="I3",
    ),
    "fires early": Mutant(
        module="torchtask.clock",
        old="    return datetime.now(UTC)",
        new='    return datetime.now(UTC) + __import__("datetime").timedelta(seconds=1.5)',
        promise="nothing starts before its fire time",
        experiment="a steady load",
        caught_by="I4",
    ),
    "limit ignored": Mutant(
        module="torchtask.core.overlap",
        old="max(0, overlap.limit - active)",
        new="overlap.limit",
        promise="the runs that are active leave no more room than the limit does",
        experiment="tasks at their limit",
        caught_by="I5",
    ),
    "walking catch-up": Mutant(
        module="torchtask.core.due",
        old="    limit = {CatchUp.NONE: 0, CatchUp.LATEST: latest, CatchUp.ALL: spec.catch_up_limit}[spec.catch_up]",
        new="    limit = late",
        promise="after an outage no more is started than catchUp allows",
        experiment="ten seconds away",
        caught_by="I6",
    ),
    "All is Latest": Mutant(
        module="torchtask.core.due",
        old="    limit = {CatchUp.NONE: 0, CatchUp.LATEST: latest, CatchUp.ALL: spec.catch_up_limit}[spec.catch_up]",
        new="    limit = 0 if spec.catch_up is CatchUp.NONE else latest",
        promise="after an outage as many are started as catchUp says",
        experiment="ten seconds away",
        caught_by="I2",
    ),
    "no reasons": Mutant(
        module="torchtask.core.ledger",
        old="    return (*(n for n in tally if n.reason != reason), entry)",
        new="    return tuple(tally)",
        promise="each fire time that is not launched is counted with a reason",
        experiment="tasks at their limit",
        caught_by="I2",
    ),
    "no pause": Mutant(
        module="torchtask.cluster.reflector",
        old="            await asyncio.sleep(max(pause, delay * random.uniform(0.5, 1)))",
        new="            await asyncio.sleep(0.01)",
        promise="what is refused is tried again after a pause",
        experiment="a start without sight of Jobs",
        caught_by="I6",
    ),
    "no sweep": Mutant(
        module="torchtask.cluster.reflector",
        old="        for uid in [u for u, seen in self._known.items() if u not in found and seen <= version]:",
        new="        for uid in set():",
        promise="what was deleted in a gap is known to be gone",
        experiment="Jobs deleted in a gap",
        caught_by="I7",
    ),
    "no sweep of tasks": Mutant(
        module="torchtask.engine.store",
        old="        for uid in [u for u, r in self._records.items() if u not in existing and r.version <= version]:",
        new="        for uid in set():",
        promise="a task that was deleted in a gap is known to be gone",
        experiment="tasks deleted in a gap",
        caught_by="told",
    ),
    "Retry-After ignored": Mutant(
        module="torchtask.cluster.exchange",
        old='    text = headers.get("Retry-After", "")',
        new='    text = ""',
        promise="nobody asks before the moment that the API server named",
        experiment="429 with Retry-After",
        caught_by="told",
    ),
    "a bad task blocks the loop": Mutant(
        module="torchtask.engine.operation",
        old="        before = record.ledger",
        new='        before = record.ledger; __import__("time").sleep(0.1 if task.problem else 0)',
        promise="a task that cannot run costs the others nothing",
        experiment="bad tasks beside good ones",
        caught_by="I8",
    ),
    "makes room for its name": Mutant(
        module="torchtask.engine.dispatcher",
        old='            words = "" if ours else f"Job {name} exists and is not this task\'s"',
        new='            words = "" if ours else str(await self._api.delete(paths.job(task.namespace, name), {}))[:9]',
        promise="somebody else's Job stays, whatever its name is",
        experiment="names that are taken",
        caught_by="I9",
    ),
    "Lease unchecked": Mutant(
        module="torchtask.cluster.lease",
        old='            if holder and not self._has_run_out(found["metadata"]["resourceVersion"], spec):',
        new="            if holder is None:",
        promise="nobody takes a Lease that another holds",
        experiment="two in peace",
        caught_by="I9",
    ),
    "ready without sight": Mutant(
        module="torchtask.engine.operation",
        old="        return self.sight.obstacle",
        new='        return ""',
        promise="who does not see the Jobs is not ready",
        experiment="a start without sight of Jobs",
        caught_by="I10",
    ),
    "exits on a 500": Mutant(
        module="torchtask.cluster.api",
        old="        now = clock.monotonic()",
        new='        now = clock.monotonic() if response.status != 500 else __import__("os")._exit(1)',
        promise="no answer of the API server ends the operator",
        experiment="creates that go wrong",
        caught_by="I10",
    ),
    "leaks descriptors": Mutant(
        module="torchtask.cluster.api",
        old="        apart = skew(response.headers, sent, clock.now())",
        new='        apart = self.__dict__.setdefault(id(body := [open("/dev/null") for _ in "abcd"]), body) and None',
        promise="what is opened is closed",
        experiment="a steady load",
        caught_by="I11",
    ),
    "leaks memory": Mutant(
        module="torchtask.engine.operation",
        old="        before = record.ledger",
        new='        before = self.__dict__.setdefault(f"{id(task)} {clock.now()}", [b"x" * 2**20, record.ledger])[1]',
        promise="what was decided is let go",
        experiment="a steady load",
        caught_by="I11",
    ),
    "logs each launch at length": Mutant(
        module="torchtask.engine.dispatcher",
        old="            self._complaint.well()",
        new='            self._complaint.well(), [__import__("logging").warning("launched %s", n) for n in range(20)]',
        promise="the log stays short, however much is launched",
        experiment="a steady load",
        caught_by="I11",
    ),
    "wiped and left so": Mutant(
        module="torchtask.engine.store",
        old='        record.published = b""  # wiped, or filled with rubbish: it is written again',
        new="        record.published = record.published",
        promise="a status that was wiped is written again, also of a task that rests",
        experiment="statuses wiped and Jobs gone",
        caught_by="I12",
    ),
    "begins at the creation": Mutant(
        module="torchtask.core.ledger",
        old="    start = task.creation_time if is_new else max(now, task.creation_time)",
        new="    start = task.creation_time",
        promise="without a status nothing that may have been launched is launched again",
        experiment="statuses wiped and Jobs gone",
        caught_by="I12",
        also=("I1",),  # a second launch of a fire time whose Job is gone is a second Job of it
    ),
    "keeps faults to itself": Mutant(
        module="torchtask.engine.complaints",
        old='            log.warning("%s: %s", self._doing, words, exc_info=error if ours else None)',
        new="            del ours",
        promise="what goes wrong leaves a line in the log",
        experiment="creates that go wrong",
        caught_by="told",
    ),
}

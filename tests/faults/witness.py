"""Who watches Jobs past the proxy and the operator: when each was created, over and gone, in the server's own order."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import aiohttp

from tests.faults import wall
from tests.faults.admin import Admin, RefusedError, jobs
from tests.faults.runs import Run, fire_time_of, node_of, owner_of

Document = dict[str, Any]
_PAUSE = 0.1  # seconds until it looks again after the API server went away


class Witness:
    """The lives of all Jobs since it began; `runs` by their UIDs.

    Law: where the watch had a gap, a life is told shorter rather than longer than it was: the oracle accuses nobody
    for what was not seen.
    """

    def __init__(self, admin: Admin) -> None:
        self.runs: dict[str, Run] = {}
        self._admin = admin
        self._version = ""

    async def watch(self) -> None:
        """Watch for ever."""
        while True:
            with suppress(aiohttp.ClientError, OSError, RefusedError):
                await self._list()
                await self._follow()
            await asyncio.sleep(_PAUSE)

    async def caught_up(self) -> None:
        """Wait until it has seen what there is now."""
        uids = {job["metadata"]["uid"] for job in await self._admin.list(jobs())}
        await wall.until(lambda: uids <= self.runs.keys(), "the witness to see every Job", within=15)

    async def _list(self) -> None:
        found = await self._admin.ask("GET", jobs())
        for job in found["items"]:
            self.saw(job, listed=True)
        self._gone(self.runs.keys() - {job["metadata"]["uid"] for job in found["items"]})
        self._version = found["metadata"]["resourceVersion"]

    async def _follow(self) -> None:
        while True:
            async with self._admin.watching(jobs(), self._version) as events:
                async for event in events:
                    if event["type"] == "ERROR":
                        return
                    self._version = event["object"]["metadata"]["resourceVersion"]
                    self.saw(event["object"])
                    if event["type"] == "DELETED":
                        self._remove(event["object"])

    def saw(self, job: Document, *, listed: bool = False) -> None:
        """Take note of a Job; a list tells that it is over, and not since when."""
        meta, time = job["metadata"], wall.now()
        version = int(meta["resourceVersion"])
        run = self.runs.get(meta["uid"])
        if run is None:
            owner, fire_time, node = owner_of(meta), fire_time_of(meta), node_of(meta)
            run = Run(meta["uid"], meta["namespace"], meta["name"], owner, fire_time, node, time, version)
        if run.finished is None and (ends := _ends(job)):
            over = run.created_version + 1 if listed else version
            run = replace(run, finished=time, finished_version=over, failed="Failed" in ends)
        self.runs[run.uid] = run

    def _remove(self, job: Document) -> None:
        meta = job["metadata"]
        run = self.runs[meta["uid"]]
        self.runs[run.uid] = replace(run, gone=wall.now(), gone_version=int(meta["resourceVersion"]))

    def _gone(self, uids: Iterable[str]) -> None:
        for uid in uids:
            run = self.runs[uid]
            if run.gone is None:
                self.runs[uid] = replace(run, gone=wall.now(), gone_version=run.created_version + 1)


def _ends(job: Document) -> set[str]:
    conditions = job.get("status", {}).get("conditions") or ()
    return {c["type"] for c in conditions if c["status"] == "True"} & {"Complete", "Failed"}

"""The Lease that says which operator leads: read, taken, renewed and given back.

The rules are client-go's: who holds it renews it; another takes it when it has not changed for as long as it lasts, by
that other's own clock, since clocks differ. Every write carries the resourceVersion: two cannot both succeed.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api, Document
from torchtask.cluster.errors import ApiError
from torchtask.core.instants import optional_instant

LEASE_SECONDS = 15
GIVEN_BACK_SECONDS = 1  # the least that a Lease may last


@dataclass(frozen=True, slots=True)
class Term:
    """A time in which the Lease is ours without a break: it is the same Lease, and did not change hands meanwhile."""

    uid: str
    transitions: int


class Lease:
    """One Lease, and who we are."""

    def __init__(self, api: Api, namespace: str, identity: str) -> None:
        self._api, self._namespace, self._identity = api, namespace, identity
        self._held: Document | None = None  # as we wrote it
        self._seen, self._seen_time = "", float("-inf")  # the version of somebody else's, and when it was new to us
        self.before: datetime | None = None
        """When the Lease was last renewed before it became ours."""

    async def take(self) -> Term | None:
        """Take the Lease, or renew it; None while it is another's. Raises `ClusterError`."""
        held, self._held = self._held, None  # whatever goes wrong, it is read anew
        try:
            self._held = await (self._taken(held) if held else self._read())
        except ApiError as error:
            if not held or error.status not in {404, 409}:
                raise
            self._held = await self._read(was_ours=error.absent)  # somebody else wrote it, or deleted it
        if self._held is None:
            return None
        return Term(self._held["metadata"]["uid"], int(self._held["spec"].get("leaseTransitions") or 0))

    async def give_back(self) -> None:
        """Let another take it at once, if it is ours. Raises `ClusterError`.

        It is read anew, and twice if need be: a renewal may have been broken off, and may still be done.
        """
        self._held = None
        try:
            if not await self._given_back():
                await self._given_back()
        except ApiError as error:
            if not error.absent:
                raise

    async def _given_back(self) -> bool:
        """Give it back; False: it was written meanwhile."""
        found = await self._api.get(paths.lease(self._namespace))
        if (found.get("spec") or {}).get("holderIdentity") != self._identity:
            return True
        try:
            await self._write(found, {"holderIdentity": "", "leaseDurationSeconds": GIVEN_BACK_SECONDS})
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            return False
        return True

    async def _read(self, *, was_ours: bool = False) -> Document | None:
        try:
            found = await self._api.get(paths.lease(self._namespace))
        except ApiError as error:
            if not error.absent:
                raise
            if not was_ours and clock.boottime() - self._seen_time < LEASE_SECONDS:
                return None  # it was another's, who still leads and makes it again: it was deleted by hand
            return await self._created()
        return await self._taken(found)

    async def _taken(self, found: Document) -> Document | None:
        spec = found.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        if holder != self._identity:
            if holder and not self._has_run_out(found["metadata"]["resourceVersion"], spec):
                return None
            self.before = optional_instant(spec.get("renewTime"))
            return await self._write(
                found, self._ours(new=True) | {"leaseTransitions": int(spec.get("leaseTransitions") or 0) + 1}
            )
        return await self._write(found, self._ours(new=False))

    async def _created(self) -> Document:
        document = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": paths.LEASE, "namespace": self._namespace},
            "spec": self._ours(new=True) | {"leaseTransitions": 0},
        }
        return document | await self._api.create(paths.leases(self._namespace), document)

    async def _write(self, found: Document, spec: Document) -> Document:
        patch = {"metadata": {"resourceVersion": found["metadata"]["resourceVersion"]}, "spec": spec}
        answer = await self._api.merge(paths.lease(self._namespace), patch)
        return {"metadata": answer["metadata"], "spec": (found.get("spec") or {}) | spec}

    def _ours(self, *, new: bool) -> dict[str, Any]:
        now = clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # MicroTime
        ours = {"holderIdentity": self._identity, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now}
        return ours | ({"acquireTime": now} if new else {})

    def _has_run_out(self, version: str, spec: Document) -> bool:
        """Tell whether it has not changed for as long as it lasts."""
        if version != self._seen:
            self._seen, self._seen_time = version, clock.boottime()
        return clock.boottime() - self._seen_time >= float(spec.get("leaseDurationSeconds") or LEASE_SECONDS)

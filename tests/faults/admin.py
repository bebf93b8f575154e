"""What an experiment itself asks of the API server: as cluster admin, and past the proxy."""

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import aiohttp

from lab import Cluster

Document = dict[str, Any]

_TASKS = "/apis/torchtask.dev/v1beta1"
_JOBS = "/apis/batch/v1"
NODES = "/api/v1/nodes"
_MERGE = "application/merge-patch+json"


class RefusedError(AssertionError):
    """The API server refused what an experiment asked for; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Admin:
    """The API server; an asynchronous context manager. Each call may raise RefusedError, or aiohttp's errors."""

    def __init__(self, cluster: Cluster) -> None:
        pki = cluster.kubeconfig.parent / "pki"
        self._server = cluster.server
        self.trust = ssl.create_default_context(cafile=pki / "ca.crt")
        self._tls = ssl.create_default_context(cafile=pki / "ca.crt")
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=16, keepalive_timeout=10)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        document: object = None,
        *,
        media_type: str = "application/json",
        user: str = "",
        **query: str,
    ) -> Document:
        """Ask anything; as a `user` who has no more rights than he was given, if there is one."""
        body = None if document is None else json.dumps(document).encode()
        headers = {"Content-Type": media_type, **({"Impersonate-User": user} if user else {})}
        async with self._session.request(
            method, self._server + path, data=body, params=query, headers=headers
        ) as response:
            text = await response.text()
            if response.status >= 400:
                raise RefusedError(response.status, f"{method} {path}: {response.status} {text[:500]}")
            answer: Document = json.loads(text)
            return answer

    async def get(self, path: str) -> Document | None:
        """Read an object; None when there is none."""
        try:
            return await self.ask("GET", path)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    async def list(self, path: str, **query: str) -> list[Document]:
        """Read a collection."""
        items: list[Document] = (await self.ask("GET", path, **query))["items"]
        return items

    async def create(self, path: str, document: Mapping[str, Any]) -> Document:
        """Create an object in a collection."""
        return await self.ask("POST", path, document)

    async def merge(self, path: str, patch: Mapping[str, Any]) -> Document:
        """Apply a merge patch: None removes a field."""
        return await self.ask("PATCH", path, patch, media_type=_MERGE)

    async def delete(self, path: str, *, propagation: str = "Background") -> None:
        """Delete an object, or all of a collection; what is not there is gone already."""
        try:
            await self.ask("DELETE", path, {"propagationPolicy": propagation})
        except RefusedError as error:
            if error.status != 404:
                raise

    @asynccontextmanager
    async def watching(self, path: str, version: str) -> AsyncIterator[AsyncIterator[Document]]:
        """Watch a collection from a version on, until the API server ends it."""
        query = {"watch": "true", "resourceVersion": version}
        no_end = aiohttp.ClientTimeout(sock_connect=2)
        async with self._session.get(self._server + path, params=query, timeout=no_end) as response:
            if response.status >= 400:
                raise RefusedError(response.status, await response.text())
            yield _events(response.content)


async def _events(content: aiohttp.StreamReader) -> AsyncIterator[Document]:
    rest = b""
    async for part in content.iter_any():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield json.loads(line)


def tasks(namespace: str = "", name: str = "") -> str:
    """Return the path of the TorchTasks of a namespace, or of all, or of one."""
    return _path(_TASKS, namespace, "torchtasks", name)


def jobs(namespace: str = "", name: str = "") -> str:
    """Return the path of the Jobs of a namespace, or of all, or of one."""
    return _path(_JOBS, namespace, "jobs", name)


def namespace(name: str = "") -> str:
    """Return the path of a namespace, or of all."""
    return _path("/api/v1", "", "namespaces", name)


def _path(root: str, of_namespace: str, plural: str, name: str) -> str:
    return "/".join([root, *(["namespaces", of_namespace] if of_namespace else []), plural, *([name] if name else [])])

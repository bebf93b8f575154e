"""A validating webhook for Jobs on this machine: it lets in, refuses, or takes its time, as the experiment says."""

import asyncio
import json
import ssl
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from lab import certificates
from tests.faults.admin import Admin

PATH = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manner:
    """How it answers: after so many seconds; `code` is that of a refusal, and 0 lets in; `broken`: with HTTP 500.

    `retry_after`: the seconds after which it says that one may come again.
    """

    seconds: float = 0
    code: int = 0
    message: str = "not today"
    broken: bool = False
    retry_after: int = 0


@asynccontextmanager
async def webhook(admin: Admin, namespace: str, manner: Manner, *, timeout: int = 10) -> AsyncIterator[None]:  # noqa: ASYNC109 -- the API server's
    """Have the API server ask about each Job that is created in a namespace, and wait so many seconds for an answer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates.new_authority(folder).server("webhook", "webhook", ["127.0.0.1", "localhost"])
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(folder / "webhook.crt", folder / "webhook.key")
        authority = (folder / "ca.crt").read_bytes()
    application = web.Application()
    application.router.add_post("/", lambda request: _review(request, manner))
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        url = f"https://127.0.0.1:{runner.addresses[0][1]}/"
        await admin.create(PATH, _configuration(namespace, url, authority, timeout))
        yield
    finally:
        await admin.delete(f"{PATH}/{namespace}")
        await runner.cleanup()


def _configuration(namespace: str, url: str, authority: bytes, timeout: int) -> Document:
    return {
        "metadata": {"name": namespace},
        "webhooks": [{
            "name": "jobs.webhook.example",
            "clientConfig": {"url": url, "caBundle": b64encode(authority).decode()},
            "rules": [{"apiGroups": ["batch"], "apiVersions": ["v1"], "resources": ["jobs"], "operations": ["CREATE"]}],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
            "timeoutSeconds": timeout,
        }],
    }  # fmt: skip


async def _review(request: web.Request, manner: Manner) -> web.Response:
    review = json.loads(await request.read())
    await asyncio.sleep(manner.seconds)
    if manner.broken:
        return web.Response(status=500, text="out of order")
    answer: Document = {"uid": review["request"]["uid"], "allowed": not manner.code}
    if manner.code:
        details = {"retryAfterSeconds": manner.retry_after}
        answer["status"] = {"code": manner.code, "message": manner.message, "details": details}
    document: Mapping[str, Any] = {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer}
    return web.json_response(document)

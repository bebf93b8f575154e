"""The way to the API server: read from a kubeconfig, and read anew when the server will not have us."""

import asyncio
import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from kubernetes.config import kube_config

from lab import certificates
from tests.edge.loopback import until
from torchtask.cluster.api import Api
from torchtask.cluster.connection import connect
from torchtask.cluster.errors import NoAnswerError

PLUGIN = """\
#!/bin/sh
echo run >> runs
for _ in $(seq 200); do test -e free && break; sleep 0.05; done
cat token
"""


def write(folder: Path, user: dict[str, Any]) -> None:
    """Write a kubeconfig that trusts the authority in `folder`."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [
            {"name": "here", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority": f"{folder}/ca.crt"}}
        ],
        "users": [{"name": "me", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(document), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a kubeconfig, and an authority beside it."""
    certificates.new_authority(tmp_path)
    write(tmp_path, {"token": "old"})
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "kubeconfig"))  # read at import
    return tmp_path


def test_a_new_token_is_taken_and_the_connections_stay(folder: Path) -> None:
    """Each TLS context has connections of its own: a new one at each refusal would pile them up."""
    connection = connect()
    before = connection.tls
    write(folder, {"token": "new"})

    asyncio.run(connection.renew())

    assert asyncio.run(connection.headers()) == {"authorization": "Bearer new"}
    assert connection.tls is before


def test_a_new_authority_is_taken(folder: Path) -> None:
    """When its file says something else the server may be somebody else."""
    connection = connect()
    before = connection.tls
    certificates.new_authority(folder)

    asyncio.run(connection.renew())

    assert connection.tls is not before


def test_what_cannot_be_read_stays_as_it_is(folder: Path) -> None:
    """A file that is being written may be half there."""
    connection = connect()
    (folder / "kubeconfig").write_text("clusters: [", encoding="utf-8")

    asyncio.run(connection.renew())

    assert asyncio.run(connection.headers()) == {"authorization": "Bearer old"}


@pytest.fixture
def plugin(folder: Path) -> Path:
    """Have credentials of a plugin, which answers once there is a file `free`; its tokens are old when they come."""
    (folder / "plugin").write_text(PLUGIN, encoding="utf-8")
    (folder / "plugin").chmod(0o755)
    status = {"token": "told", "expirationTimestamp": "2000-01-01T00:00:00Z"}
    version = "client.authentication.k8s.io/v1"
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    (folder / "token").write_text(json.dumps(answer), encoding="utf-8")
    (folder / "free").touch()
    write(folder, {"exec": {"apiVersion": version, "command": "./plugin", "interactiveMode": "Never"}})
    return folder


def runs(plugin: Path) -> int:
    """Count how often the plugin was run."""
    return (plugin / "runs").read_text().count("run")


async def begun(plugin: Path, number: int) -> None:
    """Wait until the plugin was run so often."""
    await until(lambda: runs(plugin) >= number)


def test_the_loop_turns_while_a_plugin_runs(plugin: Path) -> None:
    """However many wait for it, it runs once; the second that follows needs no other."""

    async def check() -> None:
        connection = connect()
        (plugin / "free").unlink()
        waiting = [asyncio.create_task(connection.headers()) for _ in range(10)]
        await begun(plugin, 2)
        assert not any(task.done() for task in waiting)
        (plugin / "free").touch()
        assert await asyncio.gather(*waiting) == [{"authorization": "Bearer told"}] * 10

    asyncio.run(check())

    assert runs(plugin) == 2


def test_the_loop_turns_while_credentials_are_read_anew(plugin: Path) -> None:
    """And who gives up waiting does not undo it: what the plugin says in the end counts."""

    async def check() -> None:
        connection = connect()
        before = connection.configuration
        (plugin / "free").unlink()
        impatient, patient = (asyncio.create_task(connection.renew()) for _ in range(2))
        await begun(plugin, 2)
        impatient.cancel()
        (plugin / "free").touch()
        await patient
        assert impatient.cancelled()
        assert connection.configuration is not before

    asyncio.run(check())


def test_a_plugin_that_hangs_is_an_answer_that_does_not_come(plugin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked is told so; once it comes to an end, all is well."""

    async def check() -> None:
        connection = connect()
        (plugin / "free").unlink()
        with monkeypatch.context() as impatient:
            impatient.setattr("torchtask.cluster.connection.PLUGIN_SECONDS", 0.1)
            with pytest.raises(NoAnswerError, match="reading the credentials"):
                await connection.headers()
        (plugin / "free").touch()
        assert await connection.headers() == {"authorization": "Bearer told"}

    asyncio.run(check())


def test_a_plugin_that_hangs_for_long_is_asked_anew(plugin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it waits for may never come; the next one may be luckier, and the process can end without the first."""
    for name, seconds in (("PLUGIN_SECONDS", 0.1), ("HUNG_SECONDS", 0.2)):
        monkeypatch.setattr(f"torchtask.cluster.connection.{name}", seconds)

    async def check() -> None:
        connection = connect()
        (plugin / "free").unlink()
        begun = runs(plugin)
        async with asyncio.timeout(20):
            while runs(plugin) < begun + 4:
                with pytest.raises(NoAnswerError):
                    await connection.headers()
            for _ in range(5):
                with pytest.raises(NoAnswerError):
                    await connection.headers()
        assert runs(plugin) == begun + 4, "one is waited for, and three were given up: more would help nobody"
        (plugin / "free").touch()

    asyncio.run(check())


def test_an_authority_that_was_replaced_is_read_anew_when_the_server_is_not_of_ours(folder: Path) -> None:
    """Nobody answers 401 then: there is no answer at all."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"kind": "Job"})

    async def check() -> None:
        connection = connect()
        certificates.new_authority(folder).server("server", "kube-apiserver", ["127.0.0.1"])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        runner = web.AppRunner(web.Application())
        runner.app.router.add_get("/x", answer)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        connection.server = f"https://127.0.0.1:{runner.addresses[0][1]}"
        async with Api(connection) as api:
            with pytest.raises(NoAnswerError, match="certificate"):
                await api.get("/x")
            assert await api.get("/x") == {"kind": "Job"}
        await runner.cleanup()

    asyncio.run(check())

"""The way to the API server: read from a kubeconfig, and read anew when the server will not have us."""

from pathlib import Path

import pytest
import yaml
from kubernetes.config import kube_config

from lab import certificates
from torchtask.cluster.connection import connect


def write(folder: Path, token: str) -> None:
    """Write a kubeconfig that trusts the authority in `folder`."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [
            {"name": "here", "cluster": {"server": "https://127.0.0.1:1", "certificate-authority": f"{folder}/ca.crt"}}
        ],
        "users": [{"name": "me", "user": {"token": token}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(document), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a kubeconfig, and an authority beside it."""
    certificates.new_authority(tmp_path)
    write(tmp_path, "old")
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "kubeconfig"))  # read at import
    return tmp_path


def test_a_new_token_is_taken_and_the_connections_stay(folder: Path) -> None:
    """Each TLS context has connections of its own: a new one at each refusal would pile them up."""
    connection = connect()
    before = connection.tls
    write(folder, "new")

    connection.renew()

    assert connection.headers() == {"authorization": "Bearer new"}
    assert connection.tls is before


def test_a_new_authority_is_taken(folder: Path) -> None:
    """When its file says something else the server may be somebody else."""
    connection = connect()
    before = connection.tls
    certificates.new_authority(folder)

    connection.renew()

    assert connection.tls is not before


def test_what_cannot_be_read_stays_as_it_is(folder: Path) -> None:
    """A file that is being written may be half there."""
    connection = connect()
    (folder / "kubeconfig").write_text("clusters: [", encoding="utf-8")

    connection.renew()

    assert connection.headers() == {"authorization": "Bearer old"}

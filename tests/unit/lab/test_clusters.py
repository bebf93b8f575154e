"""A user's own cluster comes first."""

from pathlib import Path

import pytest

from lab import LabError, clusters


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be a machine with these programs only."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(folder: Path, name: str, *, exit_code: int) -> None:
    """Put a program there that only exits."""
    program = folder / name
    program.write_text(f"#!/bin/sh\nexit {exit_code}\n", encoding="utf-8")
    program.chmod(0o755)


def test_kind_is_the_default_where_it_is_installed_and_docker_answers(programs: Path) -> None:
    """With both, kind is the natural choice."""
    install(programs, "docker", exit_code=0)
    install(programs, "kind", exit_code=0)

    assert clusters.choose("", "x", 1, 0) == clusters.KindTarget("x")


def test_a_docker_client_without_an_engine_is_no_docker(programs: Path) -> None:
    """Where `docker info` fails, the lab is the default."""
    install(programs, "docker", exit_code=1)
    install(programs, "kind", exit_code=0)

    assert clusters.choose("", "x", 1, 0) == clusters.LabTarget("x", 1, 0)


def test_docker_without_kind_makes_no_cluster(programs: Path) -> None:
    """A machine with Docker alone gets the lab, and no error."""
    install(programs, "docker", exit_code=0)

    assert clusters.choose("", "x", 1, 0) == clusters.LabTarget("x", 1, 0)


@pytest.mark.usefixtures("programs")
def test_the_lab_is_the_default_without_docker() -> None:
    """No Docker at all: the lab."""
    assert clusters.choose("", "x", 0, 5) == clusters.LabTarget("x", 0, 5)


def test_what_the_user_says_wins(programs: Path) -> None:
    """An explicit choice is not second-guessed."""
    install(programs, "docker", exit_code=0)
    install(programs, "kind", exit_code=0)

    assert clusters.choose("lab", "x", 1, 0) == clusters.LabTarget("x", 1, 0)
    assert clusters.choose("current", "x", 1, 0) == clusters.CurrentTarget()


@pytest.mark.parametrize("kind", ["lab", "kind", "current"])
def test_a_cluster_tells_which_choice_it_is(kind: str) -> None:
    """So the way back can be told in words that hold whatever is installed later."""
    assert clusters.choose(kind, "x", 1, 0).kind == kind


def test_an_unknown_choice_is_named() -> None:
    """A slip of the pen is an error that lists what there is."""
    with pytest.raises(LabError, match="CLUSTER is lab, kind or current, not 'minikube'"):
        clusters.choose("minikube", "x", 1, 0)


def test_kind_says_what_it_misses(programs: Path) -> None:
    """One sentence says what to install, and which choice does without."""
    with pytest.raises(LabError, match=r"needs kind .* CLUSTER=lab does without"):
        clusters.choose("kind", "x", 1, 0).up()

    install(programs, "kind", exit_code=0)
    with pytest.raises(LabError, match="needs a Docker engine"):
        clusters.choose("kind", "x", 1, 0).up()


def test_the_current_cluster_is_the_users_kubeconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    """`KUBECONFIG` is passed on as it is, also when it lists several files; loading an image is refused."""
    monkeypatch.setenv("KUBECONFIG", "/a:/b")
    current = clusters.choose("current", "x", 1, 0)

    assert current.kubeconfig() == "/a:/b"
    with pytest.raises(LabError, match="push some:tag to a registry"):
        current.build_image("some:tag")

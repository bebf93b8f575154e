"""What the demo makes it takes away again, and of a user's own cluster nothing else."""

from pathlib import Path

import pytest

from examples import demo
from lab import LabError, binaries, clusters
from lab.tools import Tools

OURS = "namespace/torchtask-system\n"
DEFINED = "customresourcedefinition.apiextensions.k8s.io/torchtasks.torchtask.dev\n"
ANOTHERS = "torchtask.torchtask.dev/report\n"


class Cluster:
    """Programs that write down what they are asked for, and answer what a test says to the words that it names."""

    def __init__(self, folder: Path) -> None:
        self._log, self._answers = folder / "log", folder / "answers"
        self._answers.mkdir()
        for program in ("kubectl", "helm"):
            script = f"""#!/bin/sh
echo "{program} $*" >> {self._log}
case "$*" in *"-f -"*) cat >> {self._log};; esac
for words in {self._answers}/*; do
  case "$*" in *"$(basename "$words")"*) cat "$words";; esac
done
"""
            (folder / program).write_text(script, encoding="utf-8")
            (folder / program).chmod(0o755)

    def holds(self, words: str, answer: str) -> None:
        """Answer a question that contains these words."""
        (self._answers / words).write_text(answer, encoding="utf-8")

    @property
    def asked(self) -> list[str]:
        """What it was asked to change, in order."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if not line.startswith("kubectl get")]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Be at a cluster of which nothing is known."""
    monkeypatch.setattr(binaries, "folder", lambda: tmp_path)
    return Cluster(tmp_path)


def test_the_demo_marks_what_it_is_about_to_make(cluster: Cluster) -> None:
    """Before anything else is made."""
    demo.mark(Tools("anywhere"))

    (created, document) = cluster.asked
    assert created == "kubectl create -f -"
    assert '"labels": {"torchtask.dev/made-by": "demo"}' in document


def test_the_demo_can_be_shown_again(cluster: Cluster) -> None:
    """What is marked already is its own."""
    cluster.holds("namespaces --selector=", OURS)
    cluster.holds("--ignore-not-found", OURS + DEFINED)

    demo.mark(Tools("anywhere"))

    assert cluster.asked == []


@pytest.mark.parametrize("found", [OURS, DEFINED])
def test_an_installation_of_the_users_is_left_alone(cluster: Cluster, found: str) -> None:
    """The demo would bring another image there, and take it away afterwards."""
    cluster.holds("--ignore-not-found", found)

    with pytest.raises(LabError, match=f"{found.strip()} is in your cluster already"):
        demo.mark(Tools("anywhere"))

    assert cluster.asked == []


def test_all_that_the_demo_made_is_taken_away(cluster: Cluster) -> None:
    """The examples while the operator is there, and their definition last of what it makes."""
    cluster.holds("namespaces --selector=", OURS)
    cluster.holds("--ignore-not-found -o name", DEFINED)

    demo.take_away(clusters.CurrentTarget())

    assert [" ".join(line.split()[:3]) for line in cluster.asked] == [
        "kubectl delete -f",
        "helm uninstall torchtask",
        "kubectl delete crd",
        "kubectl delete namespace",
    ]


def test_tasks_that_others_made_stay(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    """With the definition they would go."""
    cluster.holds("namespaces --selector=", OURS)
    cluster.holds("--ignore-not-found -o name", DEFINED)
    cluster.holds("torchtasks --all-namespaces", ANOTHERS)

    demo.take_away(clusters.CurrentTarget())

    assert not any("crd" in line for line in cluster.asked)
    assert "1 TorchTasks are left that the demo did not make" in capsys.readouterr().out


def test_where_the_demo_made_nothing_nothing_is_taken_away(cluster: Cluster) -> None:
    """An operator of the user's may be there."""
    cluster.holds("--ignore-not-found -o name", DEFINED)

    demo.take_away(clusters.CurrentTarget())

    assert cluster.asked == []


def test_the_way_back_names_the_cluster() -> None:
    """Whatever is the default on this machine."""
    assert demo.the_way_back(clusters.LabTarget("demo", 1, 0), "demo") == "make demo-down CLUSTER=lab"
    assert demo.the_way_back(clusters.KindTarget("mine"), "mine") == "make demo-down CLUSTER=kind NAME=mine"

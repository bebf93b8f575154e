"""The image's recipe fits the repository. The image itself is built and run end to end."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def copied() -> set[str]:
    """Return what the Dockerfile takes from the repository."""
    commands = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE)
    return {source for command in commands for source in command.split()}


def test_the_build_is_sent_what_it_copies_and_nothing_else() -> None:
    """The context stays small, and no file that lies about ends up in an image."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert "*" in lines
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied()


def test_what_the_build_copies_exists() -> None:
    """A file that was moved is missed here first, not at the next release."""
    assert [name for name in copied() if not (ROOT / name).exists()] == []


def test_the_image_runs_as_a_user_with_a_number() -> None:
    """Kubernetes can tell that user 65532 is not root; of a name it cannot."""
    assert re.findall(r"^USER (.+)$", DOCKERFILE, flags=re.MULTILINE) == ["65532:65532"]


def test_the_dependencies_are_installed_by_their_hashes() -> None:
    """What is built today and next year is the same."""
    assert "--require-hashes" in DOCKERFILE

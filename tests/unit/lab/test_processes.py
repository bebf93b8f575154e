"""The processes of a lab are found by their mark, at any moment of their lives."""

import signal
from dataclasses import replace
from pathlib import Path

from lab import processes


def test_a_process_is_seen_while_it_executes_another_program(tmp_path: Path) -> None:
    """Then its environment is empty for a moment: who looks just then must not take it for gone."""
    script = tmp_path / "again.sh"
    script.write_text(f"exec sh {script}\n", encoding="utf-8")
    processes.spawn(["sh", script], lab=tmp_path, part="restless", log=tmp_path / "log")
    try:
        seen = [processes.find(tmp_path) for _ in range(500)]
    finally:
        processes.end_all(tmp_path)

    assert {(len(found), found[0].part if found else "") for found in seen} == {(1, "restless")}


def test_what_is_ended_is_gone(tmp_path: Path) -> None:
    """Whoever is told so may take its ports and files."""
    processes.spawn(["sleep", "600"], lab=tmp_path, part="idle", log=tmp_path / "log")
    (found,) = processes.find(tmp_path)

    assert found.part == "idle"
    assert processes.end([found], tmp_path, signal.SIGTERM, within=20)
    assert processes.find(tmp_path) == []


def test_a_process_is_ended_that_executes_another_program_by_then(tmp_path: Path) -> None:
    """Its mark tells whose it is: a `setsid` or an `nsenter` that was found is the program it started by now."""
    processes.spawn(["sleep", "600"], lab=tmp_path, part="changed", log=tmp_path / "log")
    (found,) = processes.find(tmp_path)

    assert processes.end([replace(found, program="setsid")], tmp_path, signal.SIGTERM, within=20)
    assert processes.find(tmp_path) == []

"""What nobody caught, and what Python warns of, is one line of JSON like everything else."""

import json
import os
import subprocess
import sys

import pytest

BEGIN = "from torchtask import logs; logs.configure(20); import threading, warnings; "


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('two\\nlines')", "ValueError: two"),
        ("threading.Thread(target=lambda: 1 / 0).start()", "ZeroDivisionError"),
        ("warnings.warn('two\\nlines')", "UserWarning: two"),
    ],
)
def test_it_is_one_line_of_json(code: str, said: str) -> None:
    """Whoever reads the log by machine reads all of it."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", BEGIN + code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    (line,) = done.stderr.splitlines()
    document = json.loads(line)
    assert said in document["message"] + document.get("error", "")

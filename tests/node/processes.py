"""Real processes for tests that may block: started, waited for within bounds, and ended again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

PATIENCE = 10.0  # seconds after which a test gives up
_LOOK = 0.01  # seconds between two looks


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Return once the condition holds; raises AssertionError where it does not in time."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:g} s in vain until {what}")
        time.sleep(_LOOK)


def ended(process: int) -> bool:
    """Whether there is no process of that number, or only what is left of one that nobody has reaped."""
    try:
        text = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return True
    return text.rpartition(b")")[2].split()[0] in (b"Z", b"X")


def environment() -> dict[str, str]:
    """The environment of a Python that imports what this one does, but nothing from where it is started."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}


def begin(
    case: SynchronousTestCase, command: Sequence[str | bytes], **options: Any
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own; all of it is killed after the test."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    case.addCleanup(end, process)
    return process


def begin_python(case: SynchronousTestCase, program: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a Python program; what it prints can be read, and what it reads comes from us."""
    return begin(
        case,
        [sys.executable, "-P", "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of it behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()


def read_line(process: subprocess.Popen[bytes]) -> str:
    """The next line that the process prints."""
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()

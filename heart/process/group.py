"""Whether a process group still runs, and what a signal is called."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def ended(group: int, *, thorough: bool) -> bool:
    """Whether a process group has no member; if `thorough`, none but zombies that nobody reaps."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return thorough and _only_zombies(group)


def _only_zombies(group: int) -> bool:
    """Look through /proc (proc(5), `/proc/pid/stat`); False where that cannot be told."""
    try:
        processes = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    except OSError:
        return False
    states = set()
    for process in processes:
        with suppress(OSError, IndexError, ValueError):
            state, _, number = (process / "stat").read_bytes().rpartition(b")")[2].split()[:3]
            if int(number) == group:
                states.add(state)
    return bool(processes) and states <= {b"Z", b"X"}


def signal_name(number: int) -> str:
    """The name of a signal, as in `SIGSEGV`."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

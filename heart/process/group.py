"""Whether a process group still runs, and what a signal is called."""

from __future__ import annotations

import os
import signal

from heart.linux.processes import only_zombies


def ended(group: int, *, thorough: bool) -> bool:
    """Whether a process group has no member; if `thorough`, none but zombies that nobody reaps."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return thorough and only_zombies(group)


def signal_name(number: int) -> str:
    """The name of a signal, as in `SIGSEGV`."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

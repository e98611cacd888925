"""What /proc tells of processes (proc(5), `/proc/pid/stat`); elsewhere nothing can be told."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def start_of(process: int, proc: Path = PROC) -> int:
    """When a process was started, in the kernel's ticks since boot (field 22); 0: unknown."""
    try:
        stat = (proc / str(process) / "stat").read_bytes()  # its name may be cut within a letter
    except OSError:
        return 0
    return int(stat.rpartition(b")")[2].split()[19])


def only_zombies(group: int, proc: Path = PROC) -> bool:
    """Whether all members of a process group have ended and are only not reaped; False where untold."""
    try:
        processes = [entry for entry in proc.iterdir() if entry.name.isdigit()]
    except OSError:
        return False
    states = set()
    for process in processes:
        with suppress(OSError, IndexError, ValueError):
            state, _, number = (process / "stat").read_bytes().rpartition(b")")[2].split()[:3]
            if int(number) == group:
                states.add(state)
    return bool(processes) and states <= {b"Z", b"X"}

"""Who else has a device open, as far as /proc shows it (man 5 proc); nobody where there is no /proc.

Nothing but looking keeps root from a line that a login or another program already reads. Reading all
of /proc takes many milliseconds: it belongs into a thread.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PTY_MAJORS = range(136, 144)  # Unix98 pty slaves: their numbers repeat in every container
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has the device open."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.name})"


def holder_of(device: str, proc: Path = PROC) -> Holder | None:
    """A process that has this device open, under whatever name; None if none can be seen.

    This process is not meant, nor are its children: they have it from us. Raises OSError where the
    device cannot be looked at.
    """
    wanted = os.stat(device)  # noqa: PTH116  # with one way to compare what two paths lead to
    for pid in _pids(proc):
        try:
            if any(_same(wanted, descriptor) for descriptor in _device_paths(proc / str(pid) / "fd")):
                name, parent = _identity(proc / str(pid) / "status")
                if parent != os.getpid():
                    return Holder(pid, name)
        except OSError:  # it ended while we looked, or is not ours to look at
            continue
    return None


def _pids(proc: Path) -> Iterator[int]:
    if not proc.is_dir():
        return
    own = os.getpid()
    for entry in proc.iterdir():
        if entry.name.isdigit() and int(entry.name) != own:
            yield int(entry.name)


def _device_paths(descriptors: Path) -> Iterator[Path]:
    """The open descriptors of a process that are below /dev; others may be on a disk that hangs."""
    for descriptor in descriptors.iterdir():
        if str(descriptor.readlink()).startswith("/dev/"):
            yield descriptor


def _same(wanted: os.stat_result, descriptor: Path) -> bool:
    found = descriptor.stat()
    if not stat.S_ISCHR(found.st_mode) or found.st_rdev != wanted.st_rdev:
        return False
    return os.major(found.st_rdev) not in _PTY_MAJORS or found.st_dev == wanted.st_dev


def _identity(status: Path) -> tuple[str, int]:
    """A process's name and its parent."""
    fields = dict(
        line.split(":\t", 1) for line in status.read_text("utf-8", "replace").splitlines() if ":\t" in line
    )
    return fields["Name"].strip(), int(fields["PPid"])

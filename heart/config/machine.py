"""What a configuration needs to know of the machine that it is read on, apart from the file itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from heart.config.model import Paths

SYSTEM = Paths(Path("/var/lib/heart"), Path("/run/heart"))  # of a daemon that root started


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine: its names, its user's folders, and what there is of devices and interfaces.

    `full_name` may ask a name server and take its time: it is called only where a node's name has dots.
    """

    host_name: str
    full_name: Callable[[], str]
    paths: Paths
    has_device: Callable[[str], bool]
    has_interface: Callable[[str], bool]
    can_run: Callable[[str], bool]

    def names(self, dotted: bool) -> tuple[str, ...]:
        """The names by which a node may be this machine, the full one first where `dotted` names matter."""
        own = self.host_name.lower()
        full = own if "." in own or not dotted else self.full_name().lower()
        return tuple(dict.fromkeys((full, own.partition(".")[0])))


def this_machine() -> Machine:
    """The machine and user that this process runs as."""
    return Machine(
        host_name=socket.gethostname(),
        full_name=socket.getfqdn,
        paths=default_paths(os.geteuid(), dict(os.environ), Path("~").expanduser),
        has_device=os.path.exists,  # unlike Path.exists it never raises
        has_interface=_has_interface,
        can_run=lambda path: os.path.isfile(path) and os.access(path, os.X_OK),  # noqa: PTH113, it never raises,
    )


def default_paths(uid: int, environment: dict[str, str], home: Callable[[], Path]) -> Paths:
    """Where a daemon of this user keeps its files where the configuration does not say.

    The XDG Base Directory Specification says that paths which are not absolute are to be ignored.
    """
    if uid == 0:
        return SYSTEM
    own_run = Path(f"/tmp/heart-{uid}")  # noqa: S108, whoever makes it sees to it that nobody else owns it
    runtime = Path(environment.get("XDG_RUNTIME_DIR", ""))
    run = runtime / "heart" if runtime.is_absolute() else own_run
    state_home = Path(environment.get("XDG_STATE_HOME", ""))
    if not state_home.is_absolute():
        try:
            state_home = home() / ".local/state"
        except RuntimeError:  # a user without a home
            return Paths(own_run / "state", run)
    return Paths(state_home / "heart", run)


def _has_interface(name: str) -> bool:
    try:
        socket.if_nametoindex(name)
    except OSError:
        return False
    return True

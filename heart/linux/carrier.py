"""What the kernel says of an interface's own state: rtnetlink(7), RTM_GETLINK and its news (RFC 2863)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from heart.linux.netlink import DUMP, GETLINK, NEWLINK, attributes, exchange

_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, what of these has changed
_ADDRESS, _NAME, _STATE = 1, 3, 16  # IFLA_ADDRESS, IFLA_IFNAME, IFLA_OPERSTATE
_UP, _LOWER_UP = 0x1, 0x10000  # IFF_
_UNSPECIFIED = 0  # the family of messages about the interface itself, not about its place in a bridge

_UNKNOWN, _DORMANT, _WORKS = 0, 5, 6  # IF_OPER_: a loopback never tells, and is well


@dataclass(frozen=True, slots=True)
class Carrier:
    """One interface; another `index` under the same name is another interface."""

    index: int
    name: str
    flags: int
    state: int
    hardware: bytes

    def problem(self) -> str | None:
        """Why nothing can be reached through it now, in a line that names it; None: it works."""
        if not self.flags & _UP:
            return f"interface {self.name} is down"
        if self.flags & _LOWER_UP and self.state in (_UNKNOWN, _WORKS):
            return None
        if self.flags & _LOWER_UP and self.state == _DORMANT:
            return f"interface {self.name} waits to be let into its network (dormant)"
        return f"interface {self.name} has no carrier"


def absent(name: str) -> str:
    """The same where there is no such interface."""
    return f"interface {name} is not there"


def read_carrier(body: bytes) -> Carrier | None:
    """The interface that a message NEWLINK or DELLINK is about; None where it is about something else."""
    family, _, index, flags, _ = _LINK.unpack_from(body)
    found = attributes(body, _LINK.size)
    if family != _UNSPECIFIED or _NAME not in found:
        return None
    name = found[_NAME].rstrip(b"\0").decode("utf-8", "replace")
    return Carrier(index, name, flags, found.get(_STATE, b"\0")[0], found.get(_ADDRESS, b""))


def carriers() -> dict[int, Carrier]:
    """All interfaces by their indices. May block: call it in a thread. Raises OSError."""
    answers = exchange(GETLINK, DUMP, _LINK.pack(_UNSPECIFIED, 0, 0, 0, 0))
    read = (read_carrier(body) for kind, body in answers if kind == NEWLINK)
    return {carrier.index: carrier for carrier in read if carrier is not None}

"""What is known of this machine's interfaces, and who is told of what happens to them and to addresses.

No socket and no clock: `heart.linux.monitor` hands in what the kernel says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_interface
from typing import Protocol

from heart.linux.addresses import Presence, read_entry
from heart.linux.carrier import Carrier, absent, read_carrier
from heart.linux.netlink import DELADDR, DELLINK, NEWADDR, NEWLINK, messages


class WatchUser(Protocol):
    """Whom a watch list tells."""

    def interface_changed(self, problem: str | None) -> None:
        """It works (None) or does not; said first as soon as it is known, then at each change."""

    def address_changed(self) -> None:
        """Something happened to the address: it may be there no more, or be of no use."""


@dataclass(eq=False, slots=True)
class Watched:
    """One address on an interface, and what its user was last told: nothing yet, while not `told`."""

    interface: str
    address: IPv4Address | IPv6Address
    user: WatchUser
    told: bool = False
    problem: str | None = None
    ended: bool = False


class WatchList:
    """What is watched. A user may end its watch, or begin another, from within a call."""

    def __init__(self) -> None:
        self._watched: list[Watched] = []
        self._known: dict[int, Carrier] | None = None  # by their indices; None: not asked yet
        self._newer: dict[int, Carrier | None] | None = None  # what came since a look began; None: it went

    def __bool__(self) -> bool:
        return bool(self._watched)

    def add(self, interface: str, address: str, user: WatchUser) -> Watched:
        """From now on tell `user` of this interface, and of this address (with its prefix length)."""
        watched = Watched(interface, ip_interface(address).ip, user)
        self._watched.append(watched)
        self._tell_interface(watched)
        return watched

    def remove(self, watched: Watched) -> None:
        """Tell its user no more."""
        watched.ended = True
        self._watched.remove(watched)

    def is_own(self, hardware: bytes) -> bool:
        """Whether an interface of this machine has that hardware address, as far as is known."""
        return any(carrier.hardware == hardware for carrier in (self._known or {}).values())

    def forget(self) -> None:
        """Nothing is known any more."""
        self._known = None

    def begin_look(self) -> None:
        """How things stand is being asked: what comes meanwhile is newer, or followed by what is."""
        self._newer = {}

    def end_look(self, found: Mapping[int, Carrier] | None) -> None:
        """That is how they stand (None: it could not be found out); addresses may have changed as well."""
        newer, self._newer = self._newer or {}, None
        if found is None:
            return
        newest = {**found, **newer}
        self._known = {index: carrier for index, carrier in newest.items() if carrier is not None}
        for watched in tuple(self._watched):
            self._tell_interface(watched)
            self._tell_address(watched)

    def take(self, data: bytes) -> None:
        """Take in what the kernel said: whole messages of rtnetlink(7)."""
        for kind, _, body in messages(data):
            if kind in (NEWLINK, DELLINK):
                self._take_interface(kind, body)
            elif kind in (NEWADDR, DELADDR):
                self._take_address(kind, body)

    def _take_interface(self, kind: int, body: bytes) -> None:
        carrier = read_carrier(body)
        if carrier is None:
            return
        now = carrier if kind == NEWLINK else None
        if self._newer is not None:
            self._newer[carrier.index] = now
        if self._known is None:
            return
        self._known.pop(carrier.index, None)
        if now is not None:
            self._known[carrier.index] = now
        for watched in tuple(self._watched):
            self._tell_interface(watched)

    def _take_address(self, kind: int, body: bytes) -> None:
        entry = read_entry(body)
        if entry is None or (kind == NEWADDR and entry.presence() is not Presence.DUPLICATE):
            return
        for watched in tuple(self._watched):
            if watched.address == entry.address.ip:
                self._tell_address(watched)

    def _tell_interface(self, watched: Watched) -> None:
        if watched.ended or self._known is None:
            return
        known = self._known.values()
        found = next((carrier for carrier in known if carrier.name == watched.interface), None)
        problem = absent(watched.interface) if found is None else found.problem()
        if not watched.told or problem != watched.problem:
            watched.told, watched.problem = True, problem
            watched.user.interface_changed(problem)

    def _tell_address(self, watched: Watched) -> None:
        if not watched.ended:
            watched.user.address_changed()

"""The addresses of a Linux machine: by rtnetlink, gratuitous ARP and neighbour advertisements."""

from __future__ import annotations

import sys
from functools import lru_cache, partial

from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from heart.interfaces import InThread
from heart.linux import addresses, arp, neighbours
from heart.linux.claims import Claims, open_claims
from heart.linux.ethernet import spell
from heart.linux.monitor import Monitor
from heart.process import Reactor
from heart.resources.address_book import AddressBook, AddressUser, AddressWatch, NoAddresses, Presence


@lru_cache(maxsize=1)
def address_book(reactor: Reactor, threads: ThreadPool, platform: str = sys.platform) -> AddressBook:
    """The addresses of the system that this is: one book, and one monitor, for a daemon's life."""
    if platform != "linux":
        return NoAddresses()
    return KernelAddresses(reactor, partial(deferToThreadPool, reactor, threads))


class KernelAddresses:
    """What watches them shares one monitor."""

    def __init__(self, reactor: Reactor, in_thread: InThread) -> None:
        self._reactor, self._in_thread = reactor, in_thread
        self._monitor = Monitor(reactor, in_thread)

    def add(self, address: str, interface: str, detect: bool) -> None:
        """By rtnetlink."""
        addresses.add_address(address, interface, detect)

    def delete(self, address: str, interface: str) -> None:
        """By rtnetlink."""
        addresses.delete_address(address, interface)

    def presence(self, address: str, interface: str) -> Presence:
        """By rtnetlink."""
        return addresses.presence(address, interface)

    def announce(self, address: str, interface: str) -> None:
        """By gratuitous ARP, or by an unsolicited neighbour advertisement."""
        tell = neighbours.announce if ":" in address else arp.announce
        tell(address.partition("/")[0], interface)

    def watch(self, address: str, interface: str, user: AddressUser) -> AddressWatch:
        """By the kernel's news and by what comes in on the interface."""
        return KernelWatch(self._reactor, self._in_thread, self._monitor, address, interface, user)


class KernelWatch:
    """Tells what the monitor sees, and what other machines claim."""

    _log = Logger()

    def __init__(
        self,
        reactor: Reactor,
        in_thread: InThread,
        monitor: Monitor,
        address: str,
        interface: str,
        user: AddressUser,
    ) -> None:
        self._user, self._monitor = user, monitor
        self._place = f"{address} on {interface}"
        self._complained = False
        opening = partial(open_claims, address.partition("/")[0], interface)
        self._claims = Claims(reactor, in_thread, opening, self._claimed, self._failed)
        self._watched = monitor.watch(interface, address, user)

    def listen(self) -> None:
        """Open a socket for claims."""
        self._claims.listen()

    def ignore(self) -> None:
        """Close it."""
        self._claims.close()

    def close(self) -> None:
        """Close everything; may be said once."""
        self._claims.close()
        self._monitor.ignore(self._watched)

    def _claimed(self, hardware: bytes) -> None:
        """This machine's own cards may be on the same network."""
        if not self._monitor.is_own(hardware):
            self._user.claimed(spell(hardware))

    def _failed(self, failure: Failure) -> None:
        """Said once; an interface that is gone or down is told by the monitor."""
        if not self._complained:
            self._complained = True
            why = getattr(failure.value, "strerror", None) or failure.getErrorMessage()
            self._log.warn("Claims of {place} by others cannot be seen: {why}", place=self._place, why=why)

"""Hosts to addresses: in a thread, because a name server may take a minute, and again until all are known."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from heart.config.model import PeerAddress
from heart.interfaces import InThread
from heart.links.datagrams import Address
from heart.links.medium import why
from heart.links.retry import Retry

LookUp = Callable[[str, int], Address]


class Unknown(Exception):
    """A name has no address now; its text says why."""


def numeric(host: str, port: int) -> Address | None:
    """The address that `host` is, without asking anybody; None for a name."""
    try:
        ip_address(host)
    except ValueError:
        return None
    return (host, port, 0, 0) if ":" in host else (host, port)


def look_up(host: str, port: int) -> Address:
    """The first address of a name, as the system orders them (RFC 6724). May stall. Raises Unknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except socket.gaierror as error:
        raise Unknown(error.strerror or "no such name") from error
    for family, _, _, _, address in found:
        if family == socket.AF_INET6:
            return (str(address[0]), port, 0, int(address[3]))  # type: ignore[misc]
        if family == socket.AF_INET:
            return (str(address[0]), port)
    raise Unknown("no address in IPv4 or IPv6")


class Names:
    """Knows the `addresses` of peers. Looks up one name at a time, and with backoff those not found.

    `changed` is called when an address was found, and when a round has ended with names `missing`,
    which are there with the reason. An address that is known stays so until another is found.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        in_thread: InThread,
        changed: Callable[[], None],
        look_up: LookUp = look_up,
    ) -> None:
        self.addresses: dict[PeerAddress, Address] = {}
        self.missing: dict[PeerAddress, str] = {}
        self._in_thread = in_thread
        self._changed = changed
        self._look_up = look_up
        self._retry = Retry(reactor, self._again)
        self._wanted: list[PeerAddress] = []  # in this round
        self._working = False
        self._stopped = False

    def find(self, peers: Iterable[PeerAddress]) -> None:
        """Find the addresses of these, also of those that are known: numbers at once, names in the thread."""
        for peer in peers:
            address = numeric(peer.host, peer.port)
            if address is not None:
                self.addresses[peer] = address
            elif peer not in self._wanted:
                self._wanted.append(peer)
        if not self._working:
            self._next()

    def stop(self) -> None:
        """Look up no more; what a thread still finds is not used."""
        self._stopped = True
        self._retry.stop()

    def _next(self) -> None:
        if not self._wanted:
            self._end_round()
            return
        self._working = True
        peer = self._wanted.pop(0)
        looked = self._in_thread(self._look_up, peer.host, peer.port)
        looked.addCallbacks(self._found, self._missed, callbackArgs=(peer,), errbackArgs=(peer,))

    def _found(self, address: Address, peer: PeerAddress) -> None:
        self._working = False
        if not self._stopped:
            self.missing.pop(peer, None)
            if self.addresses.get(peer) != address:
                self.addresses[peer] = address
                self._changed()
            self._next()

    def _missed(self, failure: Failure, peer: PeerAddress) -> None:
        self._working = False
        if not self._stopped:
            self.missing[peer] = str(failure.value) if failure.check(Unknown) else why(failure.value)
            self._next()

    def _end_round(self) -> None:
        if not self.missing:
            self._retry.opened()
            return
        self._retry.failed()
        self._changed()

    def _again(self) -> None:
        self.find(tuple(self.missing))

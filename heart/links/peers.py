"""A list of peers as a link: each frame goes to each of them, a datagram each.

One socket speaks IPv4 and IPv6, to whom IPv4 addresses are ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2). Its
port is shared with nobody: of two sockets on one port, what is sent to one address reaches one alone.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from zope.interface import implementer

from heart.config import model
from heart.interfaces import ILookingUp, InThread, LinkUser
from heart.links.datagrams import BUSY, DRAIN, LONGEST_WAIT, PORT_FORBIDDEN, Address, Reader, datagram_socket
from heart.links.medium import Condition, Reactor, why
from heart.links.names import LookUp, Names, look_up
from heart.links.retry import Backoff, Retry

_PASSING = (*BUSY, errno.ECONNREFUSED)  # of which nothing follows for the next frame
_MOST_TOLD = 3  # peers in one reason


def open_peers_socket(port: int) -> socket.socket:
    """A socket for both families, or for IPv4 where the system has no other. Raises OSError."""
    try:
        fresh = datagram_socket(socket.AF_INET6)
    except OSError:
        fresh = datagram_socket(socket.AF_INET)
    try:
        if fresh.family == socket.AF_INET6:
            fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        fresh.bind(("", port))
    except BaseException:
        fresh.close()
        raise
    return fresh


@implementer(ILookingUp)
class PeersLink:
    """A list of peers. It is up while a frame can be sent to one of them at least.

    Whether it can is tried with an empty datagram. Names are looked up when the link starts, while it is
    down, and when it is told to, never for a frame; frames go to those whose address is known by then.
    """

    _log = Logger()

    def __init__(
        self,
        settings: model.UdpLink,
        reactor: Reactor,
        in_thread: InThread,
        look_up: LookUp = look_up,
    ) -> None:
        self.name = settings.name
        self.skipped = 0
        self.damaged = 0  # a datagram is whole or does not come
        self._settings = settings
        self._reactor = reactor
        self._condition = Condition(settings.name)
        self._retry = Retry(reactor, self._begin, Backoff(greatest=LONGEST_WAIT))
        self._names = Names(reactor, in_thread, self._take_addresses, look_up)
        self._reader: Reader | None = None
        self._ways: tuple[tuple[model.PeerAddress, Address], ...] = ()
        self._logged: set[tuple[str, str]] = set()
        self._stopping = False

    def start(self, user: LinkUser) -> None:
        """Open the socket and look up the names; from then on try again with backoff whatever fails."""
        self._condition.start(user)
        self._begin()

    def send(self, frame: bytes) -> bool:
        """Send one frame to each peer, now or never; True where it left for one of them at least."""
        if self._condition.up and self._send(frame):
            return True
        self.skipped += 1
        return False

    def drain(self) -> None:
        """Hand over what the socket has already received, up to DRAIN datagrams."""
        if self._reader is not None:
            self._reader.read(DRAIN)

    def descriptor(self) -> int | None:
        """The open socket's file descriptor; None while down. It is not connected: `targets` says whereto."""
        return self._reader.fileno() if self._condition.up and self._reader is not None else None

    @property
    def targets(self) -> tuple[Address, ...]:
        """The addresses to each of which a frame is sent while the link is up."""
        return tuple(address for _, address in self._ways)

    def look_up_again(self) -> None:
        """Find the addresses of names anew; until then frames go where they went."""
        self._names.find(self._settings.peers)

    def stop(self) -> Deferred[None]:
        """Close the socket. A thread may still wait for a name server: nothing of it is used any more."""
        self._stopping = True
        self._condition.stop()
        self._retry.stop()
        self._names.stop()
        self._close()
        return succeed(None)

    # From here on: how the socket and the addresses come and go.

    def _begin(self) -> None:
        """Have a socket, look for the addresses anew, and try whether anybody can be sent to."""
        if self._reader is None and not self._open():
            return
        self._names.find(self._settings.peers)
        self._take_addresses()

    def _open(self) -> bool:
        try:
            fresh = open_peers_socket(self._settings.port)
        except OSError as error:
            reason = PORT_FORBIDDEN if isinstance(error, PermissionError) else why(error)
            self._fail(f"port {self._settings.port}: {reason}")
            return False
        self._reader = Reader(fresh, self._condition.frames, self._fail_reading)
        self._reactor.addReader(self._reader)
        return True

    def _take_addresses(self) -> None:
        """Send to all whose address is known by now, and be up if that is possible."""
        if self._reader is None:
            return
        family = self._reader.socket.family
        known = ((peer, self._names.addresses.get(peer)) for peer in self._settings.peers)
        mapped = ((peer, _mapped(address, family)) for peer, address in known if address is not None)
        self._ways = tuple((peer, address) for peer, address in mapped if address is not None)
        if not self._condition.up:
            self._try()
        if self._condition.up:
            for peer, reason in self._names.missing.items():
                self._log_once(peer, reason)

    def _try(self) -> None:
        if self._send(b""):
            self._retry.opened()
            self._logged.clear()
            self._condition.went_up()
        elif self._ways:
            self._retry.failed()
        elif self._names.missing:
            self._fail(_told(self._names.missing.items()))
        elif self._names.addresses:
            self._fail("all peers have IPv6 addresses, and this system has no IPv6")

    def _send(self, frame: bytes) -> bool:
        """Whether it left for one peer at least; where it never will for any, the link is down."""
        if self._reader is None:
            return False
        sendto, faults = self._reader.socket.sendto, list[tuple[model.PeerAddress, OSError]]()
        for peer, address in self._ways:
            try:
                sendto(frame, address)
            except OSError as error:
                faults.append((peer, error))
        if faults:
            self._judge(faults)
        return len(faults) < len(self._ways)

    def _judge(self, faults: list[tuple[model.PeerAddress, OSError]]) -> None:
        lasting = [(peer, why(error)) for peer, error in faults if error.errno not in _PASSING]
        if lasting and len(lasting) == len(self._ways):
            self._fail(_told(lasting))
            return
        for peer, reason in lasting:
            self._log_once(peer, reason)

    def _log_once(self, peer: model.PeerAddress, reason: str) -> None:
        """Say once, until the link comes up again, why nothing can be sent to a peer."""
        if (peer.node, reason) not in self._logged:
            self._logged.add((peer.node, reason))
            self._log.warn("link {link}: {reason}", link=self.name, reason=_told([(peer, reason)]))

    def _fail(self, reason: str) -> None:
        """Be down for that reason, and try again later."""
        self._condition.went_down(reason)
        if not self._stopping:
            self._retry.failed()

    def _fail_reading(self, reason: str) -> None:
        """The socket itself is broken: nothing can be heard on it any more."""
        self._close()
        self._fail(f"port {self._settings.port}: {reason}")

    def _close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            self._reactor.removeReader(reader)
            reader.socket.close()


def _mapped(address: Address, family: int) -> Address | None:
    """The address as a socket of that family has it; None where it cannot be reached from there."""
    if family == socket.AF_INET6:
        return address if ":" in address[0] else (f"::ffff:{address[0]}", address[1], 0, 0)
    return None if ":" in address[0] else address


def _told(reasons: Collection[tuple[model.PeerAddress, str]]) -> str:
    """Peers and what is wrong with each, the first few of them."""
    told = [f"{peer.node} ({peer.host} port {peer.port}): {text}" for peer, text in reasons]
    rest = len(told) - _MOST_TOLD
    return "; ".join(told[:_MOST_TOLD]) + (f"; and {rest} more" if rest > 0 else "")

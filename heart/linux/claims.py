"""Hears other machines claim an address of ours: RFC 5227, section 2.4; RFC 4861, section 7.2.5.

A claim is ARP with the address as its sender's, or an advertisement of it as a neighbour. What comes in is
filtered in the kernel; after a few frames nothing is read for a while, so that a flood of claims costs no
beat: the kernel throws away what finds no room.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from heart.interfaces import InThread
from heart.linux import ethernet
from heart.linux.packet_filter import attach, claims_of

Reactor = Any
"""IReactorTime and IReactorFDSet in one object; zope.interface has no type for both."""

BATCH = 8
"""The most frames that one wake-up takes in."""

PAUSE = 0.5
"""Seconds after a wake-up until the next."""

_SIZE = 128  # more than any claim has before what names its sender
_RECEIVE_BUFFER = 1 << 13  # bytes: room for a few frames
_HARDWARE_ETHERNET = 1

_TYPE, _ARP_SENDER = slice(12, 14), slice(22, 28)
_ETHERNET_SENDER = slice(6, 12)
_OPTIONS = 14 + 40 + 24  # of a neighbour advertisement, RFC 4861, 4.4
_TARGET_LINK_LAYER = 2


def open_claims(address: str, interface: str) -> socket.socket | None:
    """A socket on which claims of `address` (without prefix length) come in, as whole frames.

    None where the interface is no Ethernet: nobody claims anything there. Opening takes many milliseconds
    at times: call it in a thread. Raises OSError.
    """
    claimed = ip_address(address)
    kind = ethernet.ARP if claimed.version == 4 else ethernet.IPV6
    # Protocol 0: nothing comes in before the filter is there.
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    try:
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        attach(packets, claims_of(claimed))
        packets.bind((interface, kind))
        if packets.getsockname()[3] == _HARDWARE_ETHERNET:
            return packets
    except OSError:
        packets.close()
        raise
    ethernet.close_aside(packets)
    return None


def claimant(frame: bytes) -> bytes | None:
    """The hardware address that a claim teaches its hearers; None where it is cut short."""
    if int.from_bytes(frame[_TYPE]) == ethernet.ARP:
        sender = frame[_ARP_SENDER]
    else:
        has_option = len(frame) > _OPTIONS and frame[_OPTIONS] == _TARGET_LINK_LAYER
        sender = frame[_OPTIONS + 2 : _OPTIONS + 8] if has_option else frame[_ETHERNET_SENDER]
    return sender if len(sender) == 6 else None


@implementer(IReadDescriptor)
class Claims:
    """The claims of one address on one interface, handed to `claimed` by who made them; ours, too.

    `failed` is told why they cannot be heard, where opening fails. Where the interface goes down or is
    replaced nothing is heard any more, until `listen` is said again.
    """

    def __init__(
        self,
        reactor: Reactor,
        in_thread: InThread,
        open_claims: Callable[[], socket.socket | None],
        claimed: Callable[[bytes], None],
        failed: Callable[[Failure], None],
        discard: Callable[[socket.socket], None] = ethernet.close_aside,
    ) -> None:
        self._reactor, self._in_thread, self._open = reactor, in_thread, open_claims
        self._claimed, self._failed, self._discard = claimed, failed, discard
        self._packets: socket.socket | None = None
        self._wanted = 0  # counts what was wanted; a socket that is opened for an older wish is closed
        self._pausing: IDelayedCall | None = None

    def listen(self) -> None:
        """Hear claims from now on, on a fresh socket."""
        self.close()
        wish = self._wanted
        self._in_thread(self._open).addCallbacks(self._opened, self._open_failed, (wish,), {}, (wish,), {})

    def close(self) -> None:
        """Hear nothing any more."""
        self._wanted += 1
        if self._pausing is not None:
            self._pausing.cancel()
            self._pausing = None
        packets, self._packets = self._packets, None
        if packets is not None:
            self._reactor.removeReader(self)
            self._discard(packets)

    def fileno(self) -> int:
        """The descriptor to read; -1 once closed."""
        return -1 if self._packets is None else self._packets.fileno()

    def logPrefix(self) -> str:
        """The name under which the reactor logs."""
        return "claims"

    def doRead(self) -> OSError | None:  # type: ignore[override]  # reactors take any exception
        """Take in a few frames, then nothing for PAUSE; the error that ends this socket, if any."""
        packets, claimants = self._packets, dict[bytes, None]()
        if packets is None:
            return None
        try:
            for _ in range(BATCH):
                if (sender := claimant(packets.recv(_SIZE))) is not None:
                    claimants[sender] = None
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            return error
        self._reactor.removeReader(self)
        self._pausing = self._reactor.callLater(PAUSE, self._go_on)
        for sender in claimants:
            self._claimed(sender)
        return None

    def connectionLost(self, reason: Failure) -> None:
        """The interface went down or away, or the reactor ends."""
        self.close()

    def _go_on(self) -> None:
        self._pausing = None
        self._reactor.addReader(self)

    def _opened(self, packets: socket.socket | None, wish: int) -> None:
        if packets is None:
            return
        if wish != self._wanted:
            self._discard(packets)
            return
        self._packets = packets
        self._reactor.addReader(self)

    def _open_failed(self, failure: Failure, wish: int) -> None:
        if wish == self._wanted:
            self._failed(failure)

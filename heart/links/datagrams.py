"""A socket that broadcasts, and the reading of it.

The path of a datagram is short, because how many of them a core can take in is a promise: a reader of
our own instead of a protocol, no address of the sender, many datagrams for one wake-up of the reactor.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from heart.beat import MAX_FRAME
from heart.links.medium import why
from heart.linux.interfaces import Interface, bind_to_interface

BATCH = 256
"""The most datagrams that one wake-up takes in, so that timers run during a flood."""

_RECEIVE_BUFFER = 1 << 20  # bytes; a stall of ours must not cost beats that have arrived
_SEND_BUFFER = 1 << 16  # bytes; what cannot leave at once is not worth sending later
_SIZE = MAX_FRAME + 1  # a longer datagram is cut to this, which no codec takes for a frame


def open_socket(port: int, interface: Interface | None) -> socket.socket:
    """A socket that broadcasts, shares the port, and hears what is sent to any address of it.

    Bound to the wildcard address: one bound to an interface's own address hears no broadcast. Raises
    InterfaceUnusable, and OSError where the port cannot be had.
    """
    fresh = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        fresh.setblocking(False)
        fresh.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        fresh.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        fresh.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        fresh.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        if interface is not None:
            bind_to_interface(fresh, interface)
        fresh.bind(("", port))
    except BaseException:
        fresh.close()
        raise
    return fresh


@implementer(IReadDescriptor)
class Reader:
    """One socket that the reactor reads: hands what came to `take`, and its end to `lost`."""

    __slots__ = ("_lost", "_receive", "_take", "socket")

    def __init__(
        self, bound: socket.socket, take: Callable[[list[bytes]], None], lost: Callable[[str], None]
    ) -> None:
        self.socket = bound
        self._receive = bound.recv
        self._take = take
        self._lost = lost

    def fileno(self) -> int:
        """The descriptor to read; -1 once closed."""
        return self.socket.fileno()

    def logPrefix(self) -> str:
        """The name under which the reactor logs."""
        return "udp"

    def doRead(self) -> OSError | None:  # type: ignore[override]  # reactors take any exception
        """Take in what has arrived, up to BATCH datagrams; the error that ends this socket, if any."""
        return self.read(BATCH)

    def read(self, most: int) -> OSError | None:
        """Take in up to `most` datagrams. Empty ones are no frames (see UdpLink)."""
        receive, frames = self._receive, list[bytes]()
        try:
            for _ in range(most):
                if frame := receive(_SIZE):
                    frames.append(frame)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            return error
        finally:
            if frames:
                self._take(frames)
        return None

    def connectionLost(self, reason: Failure) -> None:
        """The reactor found the socket broken, or ends. One that was closed already is nobody's loss."""
        if self.socket.fileno() != -1:
            self._lost(why(reason.value))

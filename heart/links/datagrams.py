"""What all UDP sockets of links have in common, and the reading of them.

The path of a datagram is short, because how many of them a core can take in is a promise: a reader of
our own instead of a protocol, no address of the sender, many datagrams for one wake-up of the reactor.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from contextlib import suppress

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from heart.beat import MAX_FRAME
from heart.links.medium import why

Address = tuple[str, int] | tuple[str, int, int, int]
"""Whereto a datagram goes, as the socket module has it for IPv4 and IPv6."""

BATCH = 256
"""The most datagrams that one wake-up takes in, so that timers run during a flood."""

DRAIN = 4_096
"""The most datagrams that a link's `drain` takes in."""

BUSY = (errno.EAGAIN, errno.ENOBUFS)
"""Errors of a way out that is full for a moment, not gone."""

LONGEST_WAIT = 1.0
"""Seconds between two tries at most: a fresh socket costs little, and a way out is precious."""

PORT_FORBIDDEN = "no permission; a port below 1024 needs root or CAP_NET_BIND_SERVICE"

_RECEIVE_BUFFER = 1 << 20  # bytes; a stall of ours must not cost beats that have arrived
_SEND_BUFFER = 1 << 16  # bytes; what cannot leave at once is not worth sending later
_IP_MULTICAST_ALL, _IPV6_MULTICAST_ALL = 49, 29  # linux/in.h, linux/in6.h

_SIZE = MAX_FRAME + 1  # a longer datagram is cut to this, which no codec takes for a frame


def datagram_socket(family: int) -> socket.socket:
    """A socket with our buffers that never blocks, and takes nothing of groups that it did not join.

    Raises OSError where the system has no such family.
    """
    fresh = socket.socket(family, socket.SOCK_DGRAM)
    fresh.setblocking(False)
    fresh.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    fresh.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    with suppress(OSError):  # only Linux has these: without them another's groups are heard on our port
        fresh.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
    if family == socket.AF_INET6:
        with suppress(OSError):
            fresh.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)
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
        except (BlockingIOError, InterruptedError, ConnectionRefusedError):
            return None  # a refusal by ICMP speaks of one peer, and the socket goes on
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

"""A UDP broadcast domain as a link: each datagram is a frame.

While sending fails, hearing goes on: a node that cannot speak must not think its peers dead. So a
socket is kept until a fresh one has taken its place.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure
from zope.interface import implementer

from heart.config import model
from heart.interfaces import ILink, LinkUser
from heart.links.datagrams import Reader, open_socket
from heart.links.medium import Condition, InThread, Reactor, why
from heart.links.retry import Backoff, Retry
from heart.linux.interfaces import Interface, InterfaceUnusable, look_at

DRAIN = 4_096
"""The most datagrams that `drain` takes in."""

LOOK = 1.0
"""Seconds between two looks at an interface."""

LONGEST_WAIT = 1.0
"""Seconds between two tries at most: a fresh socket costs little, and a way out is precious."""

_BUSY = (errno.EAGAIN, errno.ENOBUFS)  # the way out is full for a moment, not gone


@implementer(ILink)
class UdpLink:
    """A broadcast domain, by its broadcast address or by an interface that has one.

    Whether sending works is tried with an empty datagram, whenever a socket was opened: the link is
    up when that was sent. `in_thread` runs what looks at an interface, because the kernel may let
    that wait.
    """

    def __init__(
        self,
        settings: model.UdpLink,
        reactor: Reactor,
        in_thread: InThread,
        look: Callable[[str], Interface] = look_at,
    ) -> None:
        self.name = settings.name
        self.skipped = 0
        self.damaged = 0  # a datagram is whole or does not come
        self._settings = settings
        self._reactor = reactor
        self._in_thread = in_thread
        self._look_at = look
        self._condition = Condition(settings.name)
        self._retry = Retry(reactor, self._look, Backoff(greatest=LONGEST_WAIT))
        self._reader: Reader | None = None
        self._interface: Interface | None = None
        self._target = (settings.broadcast or "", settings.port)
        self._looking = False
        self._next_look: IDelayedCall | None = None
        self._stopping = False
        self._stopped: list[Deferred[None]] = []

    def start(self, user: LinkUser) -> None:
        """Open the socket, and from then on try again with backoff whenever it fails."""
        self._condition.start(user)
        self._look()

    def send(self, frame: bytes) -> bool:
        """Broadcast one frame now or never."""
        if self._condition.up and self._reader is not None:
            try:
                self._reader.socket.sendto(frame, self._target)
                return True
            except OSError as error:
                if error.errno not in _BUSY:
                    self._fail(f"{self._medium()}: {why(error)}")
        self.skipped += 1
        return False

    def drain(self) -> None:
        """Hand over what the socket has already received, up to DRAIN datagrams."""
        if self._reader is not None:
            self._reader.read(DRAIN)

    def descriptor(self) -> int | None:
        """The open socket's file descriptor; None while down. It is not connected: `target` says whereto."""
        return self._reader.fileno() if self._condition.up and self._reader is not None else None

    @property
    def target(self) -> tuple[str, int]:
        """The address and port to which frames are sent; the address is empty before the first look."""
        return self._target

    def stop(self) -> Deferred[None]:
        """Close the socket; fires when no thread works for this link any more."""
        self._stopping = True
        self._condition.stop()
        self._retry.stop()
        self._cancel_look()
        self._close()
        if not self._looking:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stopped.append(stopped)
        return stopped

    # From here on: how the socket comes and goes.

    def _look(self) -> None:
        """Look at the interface, where there is one to look at; what follows is decided by `_looked`."""
        self._next_look = None
        if self._settings.interface is None:
            self._open(None)
        elif not self._looking:
            self._looking = True
            looked = self._in_thread(self._look_at, self._settings.interface)
            looked.addCallbacks(self._looked, self._look_failed)

    def _looked(self, interface: Interface) -> None:
        self._looking = False
        if self._stopping:
            self._fire_stopped()
        elif not self._condition.up:
            self._open(interface)
        elif interface == self._interface:
            self._look_later()
        else:
            self._condition.went_down(
                f"{self._interface} is now {interface.network}, number {interface.index}"
            )
            self._open(interface)

    def _look_failed(self, failure: Failure) -> None:
        self._looking = False
        if self._stopping:
            self._fire_stopped()
        elif failure.check(InterfaceUnusable) is not None:
            self._fail(str(failure.value))
        else:
            self._fail(f"interface {self._settings.interface}: {failure.value}")

    def _open(self, interface: Interface | None) -> None:
        """Put a fresh socket in the place of the one before it, and try whether sending works."""
        self._interface = interface
        if interface is not None:
            self._target = (interface.broadcast, self._settings.port)
        try:
            fresh = open_socket(self._settings.port, interface)
        except InterfaceUnusable as error:
            self._fail(str(error))
        except PermissionError:
            self._fail(
                f"{self._medium()}: no permission; a port below 1024 needs root or CAP_NET_BIND_SERVICE"
            )
        except OSError as error:
            self._fail(f"{self._medium()}: {why(error)}")
        else:
            self.drain()
            self._close()
            self._use(fresh)

    def _use(self, fresh: socket.socket) -> None:
        if self._stopping:  # by the user, over a frame that it was just handed
            fresh.close()
            return
        self._reader = Reader(fresh, self._condition.frames, self._fail_reading)
        self._reactor.addReader(self._reader)
        try:
            fresh.sendto(b"", self._target)
        except OSError as error:
            self._fail(f"{self._medium()}: {why(error)}")
            return
        self._retry.opened()
        self._condition.went_up()
        if self._interface is not None and not self._stopping:
            self._look_later()

    def _fail(self, reason: str) -> None:
        """Be down for that reason, and try again later."""
        self._condition.went_down(reason)
        self._cancel_look()
        if not self._stopping:
            self._retry.failed()

    def _fail_reading(self, reason: str) -> None:
        """The socket itself is broken: nothing can be heard on it any more."""
        self._close()
        self._fail(f"{self._medium()}: {reason}")

    def _close(self) -> None:
        if self._reader is not None:
            self._reactor.removeReader(self._reader)
            self._reader.socket.close()
            self._reader = None

    def _look_later(self) -> None:
        self._cancel_look()
        self._next_look = self._reactor.callLater(LOOK, self._look)

    def _cancel_look(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None

    def _fire_stopped(self) -> None:
        for stopped in self._stopped:
            stopped.callback(None)
        self._stopped = []

    def _medium(self) -> str:
        where = f"interface {self._settings.interface}, " if self._settings.interface else ""
        return f"{where}broadcast {self._target[0]} port {self._target[1]}"

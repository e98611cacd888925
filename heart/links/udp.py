"""A UDP domain as a link, where all hear what one sends: each datagram is a frame.

While sending fails, hearing goes on: a node that cannot speak must not think its peers dead. So a
socket is kept until a fresh one has taken its place.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred, execute, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure
from zope.interface import implementer

from heart.config import model
from heart.interfaces import ILink, InThread, LinkUser
from heart.links.datagrams import BUSY, DRAIN, LONGEST_WAIT, PORT_FORBIDDEN, Address, Reader
from heart.links.domains import Domain, domain_of
from heart.links.medium import Condition, Reactor, why
from heart.links.retry import Backoff, Retry
from heart.linux.interfaces import Interface, InterfaceUnusable

P = ParamSpec("P")
T = TypeVar("T")

LOOK = 1.0
"""Seconds between two looks at an interface."""


@implementer(ILink)
class UdpLink:
    """A broadcast domain or a multicast group.

    Whether sending works is tried with an empty datagram, whenever a socket was opened: the link is
    up when that was sent. `in_thread` runs what looks at an interface, because the kernel may let
    that wait.
    """

    def __init__(
        self,
        settings: model.UdpLink,
        reactor: Reactor,
        in_thread: InThread,
        domain: Domain | None = None,
    ) -> None:
        self.name = settings.name
        self.skipped = 0
        self.damaged = 0  # a datagram is whole or does not come
        self._domain = domain or domain_of(settings)
        self._reactor = reactor
        self._in_thread = in_thread
        self._condition = Condition(settings.name)
        self._retry = Retry(reactor, self._look, Backoff(greatest=LONGEST_WAIT))
        self._reader: Reader | None = None
        self._interface: Interface | None = None
        self._target = self._domain.target(None)
        self._working = False  # on a look or on a fresh socket
        self._closing = 0
        self._next_look: IDelayedCall | None = None
        self._stopping = False
        self._stopped: list[Deferred[None]] = []

    def start(self, user: LinkUser) -> None:
        """Open the socket, and from then on try again with backoff whenever it fails."""
        self._condition.start(user)
        self._look()

    def send(self, frame: bytes) -> bool:
        """Send one frame to all, now or never."""
        if self._condition.up and self._reader is not None:
            try:
                self._reader.socket.sendto(frame, self._target)
                return True
            except OSError as error:
                if error.errno not in BUSY:
                    self._fail(f"{self._medium()}: {why(error)}")
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
        """The addresses to each of which a frame is sent while the link is up: here there is one."""
        return (self._target,)

    def stop(self) -> Deferred[None]:
        """Close the socket; fires when no thread works for this link any more."""
        self._stopping = True
        self._condition.stop()
        self._retry.stop()
        self._cancel_look()
        self._close()
        if not self._busy():
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stopped.append(stopped)
        return stopped

    # From here on: how the socket comes and goes.

    def _look(self) -> None:
        """Look at the interface, where there is one to look at; what follows is decided by `_looked`."""
        self._next_look = None
        if not self._domain.watched:
            self._open(None)
        elif not self._working:
            self._working = True
            self._in_thread(self._domain.look).addCallbacks(self._looked, self._refused)

    def _looked(self, interface: Interface) -> None:
        self._working = False
        if self._stopping:
            self._fire_stopped()
        elif not self._condition.up:
            self._open(interface)
        elif interface == self._interface:
            self._look_later()
        else:
            self._condition.went_down(f"{self._interface} is now {_described(interface, self._interface)}")
            self._open(interface)

    def _open(self, interface: Interface | None) -> None:
        """Put a fresh socket in the place of the one before it, and try whether sending works."""
        self._interface = interface
        self._working = True
        self._run(self._domain.open, interface).addCallbacks(self._opened, self._refused)

    def _opened(self, fresh: socket.socket) -> None:
        self._working = False
        if not self._stopping:
            self.drain()
            self._close()
        if self._stopping:  # perhaps by the user, over a frame that it was just handed
            self._discard(fresh)
        else:
            self._use(fresh)

    def _refused(self, failure: Failure) -> None:
        self._working = False
        if self._stopping:
            self._fire_stopped()
        elif failure.check(InterfaceUnusable) is not None:
            self._fail(str(failure.value))
        else:
            forbidden = failure.check(PermissionError) is not None
            self._fail(f"{self._medium()}: {PORT_FORBIDDEN if forbidden else why(failure.value)}")

    def _use(self, fresh: socket.socket) -> None:
        self._target = self._domain.target(self._interface)
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
        reader, self._reader = self._reader, None
        if reader is not None:
            self._reactor.removeReader(reader)
            self._discard(reader.socket)

    def _discard(self, old: socket.socket) -> None:
        self._closing += 1
        self._run(os.close, old.detach()).addBoth(self._closed)

    def _closed(self, _: object) -> None:
        self._closing -= 1
        self._fire_stopped()

    def _run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Do it now; or in a thread, where a group is joined or left and the kernel may let that wait."""
        if self._domain.joins:
            return self._in_thread(work, *args, **kwargs)
        return execute(work, *args, **kwargs)

    def _look_later(self) -> None:
        self._cancel_look()
        self._next_look = self._reactor.callLater(LOOK, self._look)

    def _cancel_look(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None

    def _busy(self) -> bool:
        """Whether a thread works for this link."""
        return self._working or self._closing > 0

    def _fire_stopped(self) -> None:
        if not self._busy():
            stopped, self._stopped = self._stopped, []
            for each in stopped:
                each.callback(None)

    def _medium(self) -> str:
        return self._domain.describe(self._interface)


def _described(now: Interface, before: Interface | None) -> str:
    if before is not None and before.name != now.name:  # the routes lead elsewhere
        return str(now)
    return f"{now.network}, number {now.index}"

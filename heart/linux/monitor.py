"""Tells at once what happens to this machine's interfaces and addresses: rtnetlink(7), multicast groups.

News come on a socket that the reactor reads and that never blocks. How things stand at the beginning, and
after news were lost, is asked in a thread.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from heart.interfaces import InThread
from heart.linux.carrier import Carrier, carriers
from heart.linux.watchlist import Watched, WatchList, WatchUser

Reactor = Any
"""IReactorTime and IReactorFDSet in one object; zope.interface has no type for both."""

BATCH = 64
"""The most packets of news that one wake-up takes in, so that a storm of them holds up no beat."""

AGAIN = 10.0
"""Seconds after which it is tried again where news cannot be had."""

_GROUPS = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_SIZE = 1 << 16
_RECEIVE_BUFFER = 1 << 19  # bytes


def open_news() -> socket.socket:
    """The socket that news come on. It may take a while: call it in a thread. Raises OSError."""
    news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    try:
        news.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        news.bind((0, _GROUPS))
    except OSError:
        news.close()
        raise
    return news


@implementer(IReadDescriptor)
class Monitor:
    """One for all that a daemon watches; its socket is open while anything is watched."""

    _log = Logger()

    def __init__(
        self,
        reactor: Reactor,
        in_thread: InThread,
        open_news: Callable[[], socket.socket] = open_news,
        look: Callable[[], Mapping[int, Carrier]] = carriers,
    ) -> None:
        self._reactor, self._in_thread = reactor, in_thread
        self._open_news, self._ask = open_news, look
        self._news: socket.socket | None = None
        self._list = WatchList()
        self._opening = self._looking = self._missed = self._complained = False
        self._retry: IDelayedCall | None = None

    def watch(self, interface: str, address: str, user: WatchUser) -> Watched:
        """From now on tell `user` of this interface, and of this address (with its prefix length)."""
        watched = self._list.add(interface, address, user)
        self._open()
        return watched

    def ignore(self, watched: Watched) -> None:
        """Tell its user no more."""
        self._list.remove(watched)
        if not self._list:
            self._close()

    def is_own(self, hardware: bytes) -> bool:
        """Whether an interface of this machine has that hardware address, as far as is known."""
        return self._list.is_own(hardware)

    def fileno(self) -> int:
        """The descriptor to read; -1 once closed."""
        return -1 if self._news is None else self._news.fileno()

    def logPrefix(self) -> str:
        """The name under which the reactor logs."""
        return "interfaces"

    def doRead(self) -> OSError | None:  # type: ignore[override]  # reactors take any exception
        """Take in what has come, up to BATCH packets; the error that ends this socket, if any."""
        for _ in range(BATCH):
            if self._news is None:
                return None
            try:
                data = self._news.recv(_SIZE)
            except (BlockingIOError, InterruptedError):
                # Only now: what was read after a look began must not be older than what was lost before it.
                if self._missed:
                    self._look()
                return None
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    return error
                self._missed = True
            else:
                self._list.take(data)
        return None

    def connectionLost(self, reason: Failure) -> None:
        """The reactor found the socket broken, or ends: then it says that the connection was lost."""
        if reason.check(ConnectionLost) is not None:
            self._shut()
        elif self._news is not None:
            self._fail(reason)

    def _open(self) -> None:
        if self._news is None and not self._opening and self._retry is None:
            self._opening = True
            self._in_thread(self._open_news).addCallbacks(self._opened, self._fail)

    def _opened(self, news: socket.socket) -> None:
        self._opening = False
        if not self._list:
            news.close()
            return
        self._news = news
        self._reactor.addReader(self)
        self._look()

    def _look(self) -> None:
        """Ask how things stand; once more, where news were lost meanwhile."""
        if self._looking:
            self._missed = True
            return
        self._looking, self._missed = True, False
        self._list.begin_look()
        self._in_thread(self._ask).addCallbacks(self._looked, self._look_failed)

    def _looked(self, found: Mapping[int, Carrier]) -> None:
        self._looking = False
        self._list.end_look(found if self._news is not None else None)
        if self._missed and self._news is not None:
            self._look()

    def _look_failed(self, failure: Failure) -> None:
        self._looking = False
        self._list.end_look(None)
        self._fail(failure)

    def _fail(self, failure: Failure) -> None:
        """Say so once, and try again later: without news all else goes on."""
        self._opening = False
        self._shut()
        if not self._complained:
            self._complained = True
            error = failure.value
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
            self._log.warn("Interfaces and addresses cannot be watched: {why}", why=why)
        if self._list and self._retry is None:
            self._retry = self._reactor.callLater(AGAIN, self._open_again)

    def _open_again(self) -> None:
        self._retry = None
        self._open()

    def _close(self) -> None:
        self._shut()
        self._list.forget()
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _shut(self) -> None:
        news, self._news = self._news, None
        if news is not None:
            self._reactor.removeReader(self)
            with suppress(OSError):
                news.close()

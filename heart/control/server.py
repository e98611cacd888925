"""The daemon's end of the control socket: who may connect, and what can be asked."""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet import tcp
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from heart.control.connection import CommandRefused, Connection
from heart.control.protocol import Request
from heart.events.history import History

MAX_CONNECTIONS = 32
GROUP = "heart"

Command = Callable[[Request], "Deferred[Any] | object"]
"""Takes the request and gives its answer; raises CommandRefused, or lets the Deferred fail with it."""


class SocketUnusable(Exception):
    """The control socket cannot be opened; the text is one line with its path and why."""


def socket_group() -> int | None:
    """The id of the group `heart`, where it exists. May block: call it before the reactor runs."""
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return None


class ControlServer:
    """Answers what is asked on a Unix stream socket.

    `status` gives what `heart status --json` prints. `commands` are further ones by name. With `group`
    (an id) its members may connect, where this process may give the socket to that group. Whoever
    starts a server holds the lock that makes it the node's only daemon: a socket that is there already
    is a dead one's.
    """

    def __init__(
        self,
        reactor: Any,
        path: Path,
        status: Callable[[], dict[str, Any]],
        history: History,
        commands: Mapping[str, Command] | None = None,
        group: int | None = None,
    ) -> None:
        self.reactor = reactor
        self.history = history
        self._path = path
        self._group = group
        self._commands: dict[str, Command] = {"status": lambda request: status(), **(commands or {})}
        self._connections: set[Connection] = set()
        self._port: IListeningPort | None = None

    def start(self) -> Deferred[None]:
        """Open the socket; fails with SocketUnusable."""
        try:
            self._remove_stale()
            self._port = self.reactor.listenUNIX(os.fspath(self._path), _ControlFactory(self), mode=0o600)
            self._let_group_in()
        except CannotListenError as error:
            reason = getattr(error.socketError, "strerror", None) or error.socketError
            return self._unusable(str(reason))
        except OSError as error:
            return self._unusable(error.strerror or str(error))
        return succeed(None)

    def stop(self) -> Deferred[None]:
        """Close the socket and every connection; fires when the socket's file is gone."""
        for connection in tuple(self._connections):
            connection.abort()
        port, self._port = self._port, None
        if port is None:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        closing = port.stopListening() or succeed(None)
        closing.addErrback(self._close_without_file, port)
        closing.addCallback(lambda ignored: None)
        closing.chainDeferred(stopped)
        return stopped

    def command(self, name: str) -> Command:
        """The command of that name; raises CommandRefused."""
        if name not in self._commands:
            known = ", ".join(sorted([*self._commands, "events"]))
            raise CommandRefused(f"unknown command; expected one of: {known}")
        return self._commands[name]

    def admit(self, connection: Connection) -> bool:
        """Whether there is room for one more connection, which then has its place."""
        if len(self._connections) >= MAX_CONNECTIONS:
            return False
        self._connections.add(connection)
        return True

    def forget(self, connection: Connection) -> None:
        """A connection is closed: its place is free."""
        self._connections.discard(connection)

    def _remove_stale(self) -> None:
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise FileExistsError(None, "this is no socket; remove it, or choose another paths.run")
        self._path.unlink()

    def _let_group_in(self) -> None:
        if self._group is None:
            return
        try:
            os.chown(self._path, -1, self._group)
        except PermissionError:
            return
        self._path.chmod(0o660)

    def _unusable(self, reason: str) -> Deferred[None]:
        failed: Deferred[None] = Deferred()
        failed.errback(SocketUnusable(f"{self._path}: cannot open the control socket: {reason}"))
        return failed

    def _close_without_file(self, failure: Failure, port: Any) -> None:
        """Somebody removed the socket's file: Twisted gives up at that, with the socket still open."""
        failure.trap(FileNotFoundError)
        tcp.Port.connectionLost(port, failure)


class _ControlFactory(Factory):
    """Makes a Connection for each client."""

    noisy = False

    def __init__(self, server: ControlServer) -> None:
        self._server = server

    def buildProtocol(self, addr: IAddress | None) -> Connection:
        """A connection that has yet to be admitted."""
        return Connection(self._server)

"""A real control server on a socket of its own, and clients that do not behave."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientCreator, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from heart.control.server import Command, ControlServer
from heart.events.history import History
from tests.events.test_history import make_history

STATUS = {"cluster": "web", "node": "alpha", "nodes": []}


class Client(Protocol):
    """A connection of the test's own, which reads or does not."""

    transport: Any

    def __init__(self) -> None:
        self.data = b""
        self.lost: Deferred[bytes] = Deferred()

    def ask(self, line: bytes) -> Deferred[bytes]:
        """Send a request; fires with everything that came when the connection has ended."""
        self.transport.write(line)
        return self.lost

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.data += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The server is done."""
        self.lost.callback(self.data)

    def answers(self) -> list[Any]:
        """The lines that came."""
        return [json.loads(line) for line in self.data.splitlines()]


class ServerCase(TestCase):
    """A server that is stopped at the end, with a history."""

    timeout = 30

    def setUp(self) -> None:
        """A folder with a short name: a socket's path has at most 107 bytes."""
        self.folder = Path(tempfile.mkdtemp(prefix="heart-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder / "web.alpha.sock"
        self.history: History = make_history()

    async def serve(
        self, commands: Mapping[str, Command] | None = None, group: int | None = None
    ) -> ControlServer:
        """Start a server."""
        server = ControlServer(reactor, self.path, lambda: STATUS, self.history, commands, group)
        await server.start()
        self.addCleanup(server.stop)
        return server

    async def connect(self) -> Client:
        """Connect to it."""
        client: Client = await ClientCreator(reactor, Client).connectUNIX(str(self.path))
        self.addCleanup(client.transport.abortConnection)
        return client

    async def answer(self, line: bytes) -> list[Any]:
        """All lines of the answer to one request."""
        client = await self.connect()
        await client.ask(line)
        return client.answers()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until it holds, for 10 s at most."""
        for _ in range(1000):
            if condition():
                return
            await deferLater(reactor, 0.01)
        raise self.failureException("waited for 10 s in vain")

    def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """Call what blocks."""
        return deferToThread(function, *arguments)

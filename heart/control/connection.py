"""One connection to the control socket: one request, its answer, the end.

It can cost the daemon only what is bounded: a request of `MAX_LINE` bytes, the transport's own write
buffer, and a place in the history. Nothing is written while the buffer is full.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet import interfaces
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from heart.control.protocol import (
    MAX_LINE,
    BadRequest,
    Request,
    decode_request,
    encode_line,
    error_line,
)
from heart.events.history import Event, Reader

if TYPE_CHECKING:
    from heart.control.server import ControlServer

IDLE = 10.0
"""How long a client may take to send its request, and to read what it asked for, in seconds."""


class CommandRefused(Exception):
    """What was asked for cannot be done; the text is one line for the one who asked."""


@implementer(interfaces.IPushProducer)
class Connection(Protocol):
    """Reads one request, and writes as fast as the client reads."""

    _log = Logger()
    transport: Any

    def __init__(self, server: ControlServer) -> None:
        self._server = server
        self._buffer = b""
        self._open = True
        self._asked = False
        self._paused = False
        self._more: Callable[[], bool] = lambda: False
        self._patience = server.reactor.callLater(IDLE, self._give_up)
        self._unsubscribe: Callable[[], object] = lambda: None

    def connectionMade(self) -> None:
        """Take the connection in, where there is room for it."""
        self.transport.registerProducer(self, True)
        if not self._server.admit(self):
            self._asked = True
            self._end(error_line("too many connections to the daemon; end some `heart events --follow`"))

    def dataReceived(self, data: bytes) -> None:
        """Collect the one request; what comes after it is thrown away."""
        if self._asked:
            return
        self._buffer += data
        line, newline, _ = self._buffer.partition(b"\n")
        if len(line) >= MAX_LINE:
            self._asked = True
            self._end(error_line(f"expected a request of fewer than {MAX_LINE} bytes"))
        elif newline:
            self._asked = True
            self._buffer = b""
            self._answer(line)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the client."""
        self._open = False
        self._more = lambda: False
        self._unsubscribe()
        if self._patience.active():
            self._patience.cancel()
        self._server.forget(self)

    def pauseProducing(self) -> None:
        """The write buffer is full."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The write buffer is empty."""
        self._paused = False
        if self._patience.active():
            self._patience.reset(IDLE)
        self._pump()

    def stopProducing(self) -> None:
        """The transport is lost; connectionLost does what is to be done."""

    def abort(self) -> None:
        """End the connection now, whatever is still to be read."""
        self.transport.abortConnection()

    def _give_up(self) -> None:
        if self._asked:
            self.abort()
        else:
            self._asked = True
            self._end(error_line(f"expected a request within {IDLE:g} s"))

    def _answer(self, line: bytes) -> None:
        try:
            request = decode_request(line)
            if request["command"] == "events":
                self._send_events(follow=request.get("follow", False))
                return
            command = self._server.command(request["command"])
        except (BadRequest, CommandRefused) as error:
            self._end(error_line(str(error)))
            return
        self._patience.cancel()  # a command takes as long as it takes; who asked may hang up
        self._run(command, request)

    def _run(self, command: Callable[[Request], object], request: Request) -> None:
        asked: Deferred[object] = maybeDeferred(command, request)
        answer = asked.addCallback(encode_line).addErrback(self._failed, request["command"])
        answer.addCallback(self._end)
        answer.addErrback(lambda failure: self._log.failure("The control socket failed", failure))

    def _failed(self, failure: Failure, command: str) -> bytes:
        if failure.check(CommandRefused):
            return error_line(failure.getErrorMessage())
        self._log.failure("The command {command} failed", failure, command=command)
        return error_line("the command failed inside the daemon; its log says more")

    def _send_events(self, *, follow: object) -> None:
        if not isinstance(follow, bool):
            raise BadRequest('expected true or false as "follow"')
        history = self._server.history
        reader, last = history.reader(past=True), history.newest
        if follow:
            self._patience.cancel()
            self._unsubscribe = history.subscribe(lambda event: self._pump())
        self._more = lambda: self._send_event(reader, None if follow else last)
        self._pump()

    def _send_event(self, reader: Reader, last: int | None) -> bool:
        """Write one event; False when there is none for now. Past `last` the answer is complete."""
        if last is not None and reader.position >= last:
            self._end(b"")
            return False
        event: Event | None = reader.take()
        if event is None:
            return False
        self.transport.write(encode_line(event))
        return True

    def _pump(self) -> None:
        while not self._paused and self._more():
            pass

    def _end(self, line: bytes) -> None:
        """Write the last line; the client has a while to read it."""
        if not self._open:
            return
        self._more = lambda: False
        if self._patience.active():
            self._patience.reset(IDLE)
        else:
            self._patience = self._server.reactor.callLater(IDLE, self._give_up)
        self.transport.write(line)
        self.transport.unregisterProducer()
        self.transport.loseConnection()

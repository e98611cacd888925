"""A null-modem cable between two nodes as a link: COBS frames on a serial line.

Whatever may stall (opening the line, closing it, looking for who else has it) is done in a thread.
A line is slow: a frame goes out when the one before it is gone, or not at all.
"""

from __future__ import annotations

import termios
from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from heart.config import model
from heart.interfaces import ILink, InThread, LinkUser
from heart.links.framing import Deframer, enclose
from heart.links.line import Line, LineUnusable, Port, close_line, open_line
from heart.links.medium import Condition, Reactor, why
from heart.links.retry import Retry

STALL = 5.0
"""Seconds after which opening a line is said to stall."""


class _Frames(Protocol):
    """Takes the frames out of what a port reads."""

    def __init__(
        self, deframer: Deframer, take: Callable[[list[bytes]], None], lost: Callable[[Failure], None]
    ) -> None:
        self._deframer = deframer
        self._take = take
        self._lost = lost

    def dataReceived(self, data: bytes) -> None:
        """Hand over the frames that `data` completes."""
        if frames := self._deframer.feed(data):
            self._take(frames)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The line has ended."""
        self._lost(reason)


@implementer(ILink)
class SerialLink:
    """A null-modem cable; `in_thread` runs what may stall. `open_line` is there to be replaced in tests."""

    def __init__(
        self,
        settings: model.SerialLink,
        reactor: Reactor,
        in_thread: InThread,
        open_line: Callable[[str, int], Line] = open_line,
    ) -> None:
        self.name = settings.name
        self.skipped = 0
        self._settings = settings
        self._reactor = reactor
        self._in_thread = in_thread
        self._open_line = open_line
        self._condition = Condition(settings.name)
        self._retry = Retry(reactor, self._open)
        self._deframer = Deframer()
        self._port: Port | None = None
        self._working = False
        self._stall: IDelayedCall | None = None
        self._stopping = False
        self._stopped: list[Deferred[None]] = []

    @property
    def damaged(self) -> int:
        """How many pieces of noise were received since the start."""
        return self._deframer.damaged

    def start(self, user: LinkUser) -> None:
        """Open the line, and from then on try again with backoff whenever it is lost."""
        self._condition.start(user)
        self._open()

    def send(self, frame: bytes) -> bool:
        """Send one frame, unless an earlier one is still on its way out."""
        port = self._port
        if port is not None:
            try:
                if not port.busy():
                    port.write(enclose(frame))  # type: ignore[no-untyped-call]
                    return True
            except OSError as error:
                port.connectionLost(Failure(error))
        self.skipped += 1
        return False

    def drain(self) -> None:
        """Hand over what the line has already received (bounded)."""
        if self._port is not None:
            self._port.drain()

    def descriptor(self) -> int | None:
        """The open line's file descriptor; None while down."""
        return None if self._port is None else self._port.fileno()

    def stop(self) -> Deferred[None]:
        """Close the line; fires when it is closed and no thread works for this link any more."""
        self._stopping = True
        self._condition.stop()
        self._retry.stop()
        self._cancel_stall()
        if self._port is not None:
            self._port.connectionLost(Failure(ConnectionDone()))
        if not self._working:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stopped.append(stopped)
        return stopped

    # From here on: how the line comes and goes. One thing at a time is done in the thread.

    def _open(self) -> None:
        self._working = True
        self._stall = self._reactor.callLater(STALL, self._stalls)
        opening = self._in_thread(self._open_line, self._settings.device, self._settings.baud)
        opening.addCallbacks(self._opened, self._refused)

    def _stalls(self) -> None:
        self._stall = None
        self._condition.went_down(f"{self._settings.device} does not answer: opening it stalls")

    def _opened(self, opened: Line) -> None:
        self._cancel_stall()
        if self._stopping:
            self._close(opened)
            return
        try:
            frames = _Frames(self._deframer, self._condition.frames, self._lost)
            self._port = Port(frames, opened, self._reactor)
        except (OSError, termios.error) as error:
            self._condition.went_down(self._lost_reason(error))
            self._close(opened)
        else:
            self._working = False
            self._retry.opened()
            self._condition.went_up()

    def _refused(self, failure: Failure) -> None:
        self._cancel_stall()
        known = failure.check(LineUnusable) is not None
        self._condition.went_down(
            str(failure.value) if known else f"{self._settings.device}: {failure.value}"
        )
        self._ended()

    def _lost(self, reason: Failure) -> None:
        port, self._port = self._port, None
        if port is not None:
            self._condition.went_down(self._lost_reason(reason.value))
            self._close(port.opened)

    def _close(self, opened: Line) -> None:
        self._working = True
        self._in_thread(close_line, opened).addBoth(lambda _: self._ended())

    def _ended(self) -> None:
        """Nothing is open, and nothing is under way."""
        self._working = False
        if not self._stopping:
            self._retry.failed()
        for stopped in self._stopped:
            stopped.callback(None)
        self._stopped = []

    def _cancel_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _lost_reason(self, error: BaseException | None) -> str:
        hung_up = isinstance(error, ConnectionLost | ConnectionDone)
        return f"{self._settings.device} was lost: {'hung up' if hung_up else why(error)}"

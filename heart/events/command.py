"""Tells events to the administrator's own command: one at a time, in order, each on its standard input.

The command can be missing, fail, hang or print for ever: nobody waits for it but the next event, which
waits in the history. What the history drops before its turn comes is told as one event of kind `lost`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from heart import process
from heart.control.protocol import encode_line
from heart.events.history import History
from heart.logs import RateLimit

DEADLINE = 10.0
"""How long one call of the command may take, in seconds, before it gets SIGTERM."""

GRACE = 1.0
"""How long after that SIGKILL follows, in seconds."""

FAILURES_LOGGED = (1, 60.0)
"""One line a minute about a command that fails."""


class Running(Protocol):
    """A call of the command that is under way; `heart.process.Call` is one."""

    done: Deferred[process.Outcome]

    def interrupt(self, budget: float) -> Deferred[None]:
        """End it within `budget` seconds."""


Run = Callable[[bytes], Running]
"""Starts the command with these bytes on its standard input; never raises."""


def make_event_command(reactor: process.Reactor, history: History, command: Sequence[str]) -> EventCommand:
    """An EventCommand that runs the administrator's command as a process, for a bounded time."""

    def run(stdin: bytes) -> Running:
        return process.run(reactor, command, environment={}, deadline=DEADLINE, grace=GRACE, stdin=stdin)

    return EventCommand(reactor, history, command[0], run)


class EventCommand:
    """Runs the command for each event that is reported once `start` was called.

    `program` is its name, for the log.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, history: History, program: str, run: Run) -> None:
        self._clock = clock
        self._history = history
        self._program = program
        self._run = run
        self._reader = history.reader()
        self._running: Running | None = None
        self._next: IDelayedCall | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._idle: Deferred[None] | None = None
        self._limit = RateLimit(clock.seconds, *FAILURES_LOGGED)

    def start(self) -> None:
        """Tell the events that come from now on."""
        self._reader = self._history.reader()
        self._unsubscribe = self._history.subscribe(lambda event: self._soon())

    def stop(self, budget: float) -> Deferred[None]:
        """Tell what still waits, for `budget` seconds at most; fires when the command does not run."""
        self._unsubscribe()
        if self._next is None and self._running is None:
            return succeed(None)
        self._idle = Deferred()
        deadline = self._clock.callLater(budget, self._abandon)

        def disarm(ignored: None) -> None:
            if deadline.active():
                deadline.cancel()

        return self._idle.addCallback(disarm)

    def _soon(self) -> None:
        """Go on with the next event, later: a command that ends at once must not hold up the reactor."""
        if self._next is None and self._running is None:
            self._next = self._clock.callLater(0, self._tell)

    def _tell(self) -> None:
        self._next = None
        event = self._reader.take()
        if event is None:
            self._rest()
            return
        self._running = self._run(encode_line(event))
        self._running.done.addCallback(self._ended)

    def _ended(self, outcome: process.Outcome) -> None:
        self._running = None
        self._soon()
        held_back = self._limit.admit() if outcome.problem else None
        if held_back is not None:
            self._log.warn(
                "The event command {program} failed: {problem}; it said: {said!r};"
                " {held_back} earlier failures were not logged",
                program=self._program,
                problem=outcome.problem,
                said=outcome.last_line,
                held_back=held_back,
            )

    def _rest(self) -> None:
        if self._idle is not None:
            idle, self._idle = self._idle, None
            idle.callback(None)

    def _abandon(self) -> None:
        """Stopping has taken long enough: what still waits is not told."""
        self._reader = self._history.reader()
        if self._running is not None:
            self._running.interrupt(GRACE)

"""Runs one external command: in a session of its own, for a bounded time, with bounded output.

What a command starts is its process group. The group is ended only when the command passes its deadline
or is interrupted: one that ends by itself may leave a daemon behind, which is what `start` is for. Such a
daemon has to send its output elsewhere, because the pipe to us is closed when the command ends.

The number of a group is safe to signal while its leader has not been reaped, and after that for as long
as the group has members: until both are gone the kernel gives the number to nobody else.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessTerminated
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from heart.process.group import ended, signal_name
from heart.process.output import Kept, Pipe
from heart.process.start import LAUNCH, SEARCH_PATH, why_not_run

Reactor = Any
"""IReactorTime, IReactorProcess and IReactorFDSet in one object; zope.interface has no type for all."""

_FIRST_LOOK, _LAST_LOOK = 0.005, 0.05  # seconds between looks whether a group has ended, doubling
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended.

    `problem` is None for exit status 0, else what went wrong, in a few words for a person. `output` is
    standard output and standard error as they came, without the `cut` bytes in the middle that were
    too many. `gone` is False where something of it survived SIGKILL for as long as we could wait.
    `status` is its exit status, where it ended by itself and not by a signal.
    """

    problem: str | None
    output: str
    cut: int
    gone: bool = True
    status: int | None = None

    @property
    def last_line(self) -> str:
        """The last line of the output that is not blank, fit for a log; empty if there is none."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        printable = "".join(c if c.isprintable() else "?" for c in lines[-1]) if lines else ""
        return printable[:_LONGEST_LINE]


class Call(ProcessProtocol):
    """A command that runs, or has run; made by `run`."""

    def __init__(self, reactor: Reactor, program: str, deadline: float, grace: float) -> None:
        self.done: Deferred[Outcome] = Deferred()
        """Fires with the outcome, once; never fails."""
        self.pid: int | None = None
        """The number of the command's process, session and group; None while nothing of it runs."""
        self._reactor, self._program, self._deadline, self._grace = reactor, program, deadline, grace
        self._kept = Kept()
        self._pipes: list[Pipe] = []
        self._timers: dict[str, IDelayedCall] = {}
        self._waiting: list[Deferred[None]] = []
        self._problem: str | None = None
        self._status: int | None = None
        self._ending = self._killed = self._exited = self._finished = False
        self._pause = _FIRST_LOOK

    def interrupt(self, budget: float) -> Deferred[None]:
        """End it: SIGTERM to its group now, SIGKILL after half of `budget` seconds.

        Fires after `done`, within `budget`: when nothing of it runs, or when it has survived SIGKILL.
        """
        if self._finished:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        self._end("was interrupted", budget / 2, budget)
        return waiting

    def connectionMade(self) -> None:
        """It was spawned."""
        self.pid = self.transport.pid  # type: ignore[union-attr]

    def processExited(self, reason: Failure) -> None:
        """Its leader was reaped just now; others of its group may still run."""
        self._exited = True
        if self._finished:
            self.pid = None
        elif self._ending:
            self._look()
        else:
            self._problem = self._judge(reason.value)
            self._finish(True)

    def _spawn(self, command: Sequence[str], environment: Mapping[str, str], stdin: bytes | None) -> None:
        with ExitStack() as ours:
            output, child_output = os.pipe()
            ours.callback(os.close, child_output)
            self._pipes.append(Pipe(self._reactor, output, self._kept.feed))
            child_input = self._feed(stdin)
            ours.callback(os.close, child_input)
            self._reactor.spawnProcess(
                self,
                LAUNCH[0],
                [*LAUNCH, *command],
                env={"PATH": SEARCH_PATH, **environment},
                childFDs={0: child_input, 1: child_output, 2: child_output},
            )

    def _feed(self, stdin: bytes | None) -> int:
        """The command's end of its standard input; ours writes `stdin` and closes."""
        if stdin is None:
            return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        child_end, our_end = os.pipe()
        pipe = Pipe(self._reactor, our_end, lambda data: None)
        self._pipes.append(pipe)
        pipe.send(stdin)
        return child_end

    def _begin(self, command: Sequence[str], environment: Mapping[str, str], stdin: bytes | None) -> None:
        try:
            self._spawn(command, environment, stdin)
        except (OSError, ValueError) as error:  # no process or descriptor to be had; a NUL in a word
            self._problem = f"cannot be run: {error}"
            self._finish(True)
            return
        if not self._finished:
            self._pipes[0].receive()
            self._at("deadline", self._deadline, self._past_deadline)

    def _past_deadline(self) -> None:
        self._end(f"took longer than {self._deadline:g} s", self._grace, self._grace * 4 / 3)

    def _end(self, why: str, kill: float, give_up: float) -> None:
        """Begin to end it, or see that it ends sooner than it was to."""
        if not self._ending:
            if self._has_exited():  # by itself, and we were about to see it: what it left behind stays
                self.transport.reapProcess()  # type: ignore[union-attr]
                return
            self._ending, self._problem = True, why
            self._signal(signal.SIGTERM)
        self._at("kill", kill, self._kill)
        self._at("give up", give_up, self._give_up)

    def _has_exited(self) -> bool:
        peek = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return self.pid is not None and os.waitid(os.P_PID, self.pid, peek) is not None

    def _signal(self, number: int) -> None:
        if self.pid is None:
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            if not self._exited:  # it has not yet come to make its own group
                with suppress(ProcessLookupError):
                    os.kill(self.pid, number)
        except PermissionError:
            pass  # all of it runs as somebody else; what that means shows when we give up

    def _kill(self) -> None:
        self._killed = True
        self._signal(signal.SIGKILL)

    def _look(self) -> None:
        """Its leader is gone: wait for the others of its group."""
        if self.pid is None or ended(self.pid, thorough=self._killed):
            self._finish(True)
            return
        self._set("look", self._pause, self._look)
        self._pause = min(2 * self._pause, _LAST_LOOK)

    def _give_up(self) -> None:
        leader_gone = self._exited or self._has_exited()
        self._finish(self.pid is None or (leader_gone and ended(self.pid, thorough=True)))

    def _judge(self, reason: BaseException | None) -> str | None:
        if not isinstance(reason, ProcessTerminated):
            self._status = 0
            return None
        self._status = reason.exitCode
        if reason.signal is not None:
            return f"killed by {signal_name(reason.signal)}"
        if reason.exitCode in (126, 127):
            self._pipes[0].drain()
            return why_not_run(self._program, self._kept.text()) or f"exit status {reason.exitCode}"
        return f"exit status {reason.exitCode}"

    def _finish(self, gone: bool) -> None:
        self._finished = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for pipe in self._pipes:
            pipe.drain()
            pipe.close()
        if gone:
            self.pid = None
        else:
            self._problem = f"{self._problem}, and survives SIGKILL"
        self.done.callback(Outcome(self._problem, self._kept.text(), self._kept.cut, gone, self._status))
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(None)

    def _at(self, name: str, delay: float, action: Callable[[], None]) -> None:
        """Let `action` come after `delay` seconds, unless it comes sooner anyway."""
        pending = self._timers.get(name)
        if pending is None or pending.getTime() > self._reactor.seconds() + delay:
            self._set(name, delay, action)

    def _set(self, name: str, delay: float, action: Callable[[], None]) -> None:
        pending = self._timers.pop(name, None)
        if pending is not None:
            pending.cancel()

        def act() -> None:
            del self._timers[name]
            action()

        self._timers[name] = self._reactor.callLater(delay, act)


def run(
    reactor: Reactor,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    deadline: float,
    grace: float,
    stdin: bytes | None = None,
) -> Call:
    """Run `command` with PATH and `environment` as its whole environment, `/` as its directory.

    After `deadline` seconds its process group gets SIGTERM, `grace` seconds later SIGKILL; a third of
    `grace` after that we no longer wait for it. Without `stdin` its standard input is empty. What goes
    wrong is in the outcome: nothing is raised, and `done` may have fired already.
    """
    call = Call(reactor, command[0], deadline, grace)
    call._begin(command, environment, stdin)
    return call

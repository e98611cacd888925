"""The event command: told everything in order, and waited for by nobody."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock, deferLater
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from heart.events import command as command_module
from heart.events.command import DEADLINE, EventCommand, make_event_command
from heart.process import Outcome
from tests.events.test_history import make_history, report_many

GOOD = Outcome(None, "", 0)


class FakeCall:
    """A call of the command that ends when the test says so, or at once when it is interrupted."""

    def __init__(self, stdin: bytes) -> None:
        self.stdin = stdin
        self.done: Deferred[Outcome] = Deferred()
        self.interrupted = False

    def interrupt(self, budget: float) -> Deferred[None]:
        """End at once."""
        self.interrupted = True
        self.done.callback(Outcome("was interrupted", "", 0))
        return succeed(None)


class FakeCommand:
    """Remembers its calls; with `missing` each ends before it has begun."""

    def __init__(self, missing: bool = False) -> None:
        self.calls: list[FakeCall] = []
        self.missing = missing

    def __call__(self, stdin: bytes) -> FakeCall:
        """Run the command."""
        call = FakeCall(stdin)
        self.calls.append(call)
        if self.missing:
            call.done.callback(Outcome("/no/such: no such file", "", 0))
        return call

    def told(self) -> list[dict[str, Any]]:
        """The events of all calls."""
        return [json.loads(call.stdin) for call in self.calls]


@implementer(ILogObserver)
class KeptLog:
    """What the event command logs."""

    def __init__(self) -> None:
        self.events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        """Keep one."""
        if event.get("log_namespace") == "heart.events.command.EventCommand":
            self.events.append(event)


def logged(case: SynchronousTestCase) -> list[LogEvent]:
    """The log of the event command from now until the end of the test."""
    kept = KeptLog()
    globalLogPublisher.addObserver(kept)
    case.addCleanup(globalLogPublisher.removeObserver, kept)
    return kept.events


def runs(pid: str) -> bool:
    """Whether there is a process of that number."""
    return Path("/proc", pid).exists()


class EventCommandTests(SynchronousTestCase):
    """The order of calls, on a clock of the test's own."""

    def setUp(self) -> None:
        """A command that is told a history."""
        self.clock = Clock()
        self.history = make_history()
        self.run_ = FakeCommand()
        self.command = EventCommand(self.clock, self.history, "on-event", self.run_)
        self.command.start()

    def pass_time(self, steps: int = 1) -> None:
        """Let the reactor turn."""
        self.clock.pump([0] * steps)

    def test_one_line(self) -> None:
        """An event comes as one line of JSON, the same as in the history."""
        report_many(self.history, 1)
        self.assertEqual(self.run_.calls, [], "the one who reports must not wait for the command to start")
        self.pass_time()
        self.assertEqual(self.run_.calls[0].stdin.count(b"\n"), 1)
        self.assertEqual(self.run_.told(), [self.history.events()[0]])

    def test_one_at_a_time(self) -> None:
        """The next event waits until the command has ended, and comes in order."""
        report_many(self.history, 3)
        self.pass_time(5)
        self.assertEqual(len(self.run_.calls), 1)
        for _ in range(3):
            self.run_.calls[-1].done.callback(GOOD)
            self.pass_time()
        self.assertEqual(self.run_.told(), list(self.history.events()))

    def test_nothing_from_before(self) -> None:
        """Events from before the start are not told."""
        history = make_history()
        report_many(history, 2)
        command = EventCommand(self.clock, history, "on-event", self.run_)
        command.start()
        report_many(history, 1)
        self.pass_time()
        self.assertEqual([event["sequence"] for event in self.run_.told()], [3])

    def test_lost(self) -> None:
        """What is dropped while the command hangs is told as one event, before the oldest that is left."""
        report_many(self.history, 1)
        self.pass_time()
        report_many(self.history, 1005)
        for _ in range(3):
            self.run_.calls[-1].done.callback(GOOD)
            self.pass_time()
        first, lost, following, _ = self.run_.told()
        self.assertEqual((first["sequence"], lost["kind"], lost["lost"]), (1, "lost", 5))
        self.assertEqual(following["sequence"], 7)

    def test_missing(self) -> None:
        """A command that ends before it has begun is told everything all the same."""
        self.run_.missing = True
        report_many(self.history, 1000)
        self.pass_time(1000)
        self.assertEqual(self.run_.told(), list(self.history.events()))

    def test_failures_logged_at_a_bounded_rate(self) -> None:
        """Failures are logged once a minute, with the number of those that were not."""
        log = logged(self)
        self.run_.missing = True
        report_many(self.history, 500)
        self.pass_time(600)
        self.assertEqual(len(log), 1)
        self.assertIn("no such file", log[0]["problem"])
        self.clock.advance(60)
        report_many(self.history, 1)
        self.pass_time(3)
        self.assertEqual([event["held_back"] for event in log], [0, 499])

    def test_stop_idle(self) -> None:
        """With nothing to tell, stopping is immediate, and what comes after it is not told."""
        self.successResultOf(self.command.stop(1.0))
        report_many(self.history, 1)
        self.pass_time(3)
        self.assertEqual(self.run_.calls, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_tells_the_rest(self) -> None:
        """Stopping waits for the last events to be told."""
        report_many(self.history, 2)
        stopped = self.command.stop(1.0)
        for _ in range(2):
            self.pass_time()
            self.assertNoResult(stopped)
            self.run_.calls[-1].done.callback(GOOD)
        self.pass_time()
        self.successResultOf(stopped)
        self.assertEqual(len(self.run_.calls), 2)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_budget(self) -> None:
        """A command that hangs is ended when the budget has passed, and nothing more is told."""
        report_many(self.history, 5)
        self.pass_time()
        stopped = self.command.stop(1.0)
        self.clock.advance(0.9)
        self.assertNoResult(stopped)
        self.clock.advance(0.2)
        self.pass_time()
        self.successResultOf(stopped)
        self.assertEqual([call.interrupted for call in self.run_.calls], [True])
        self.assertEqual(self.clock.getDelayedCalls(), [])


class RealCommandTests(TestCase):
    """Real commands."""

    def begin(self, script: str) -> EventCommand:
        """An event command that is a Python script, with the path of a file as its only argument."""
        self.output = Path(self.mktemp())
        argv = [sys.executable, "-c", script, str(self.output.absolute())]
        self.history = make_history()
        command = make_event_command(reactor, self.history, argv)
        command.start()
        return command

    async def until_lines(self, count: int) -> list[str]:
        """The output's lines, when there are so many."""
        for _ in range(400):
            if len(lines := self.lines()) >= count:
                return lines
            await deferLater(reactor, 0.02)
        raise self.failureException(f"fewer than {count} lines after 8 s")

    def lines(self) -> list[str]:
        """The output's lines."""
        return self.output.read_text().splitlines() if self.output.exists() else []

    async def test_told(self) -> None:
        """A command gets each event on its standard input, which then ends."""
        command = self.begin("import sys; open(sys.argv[1], 'a').write(sys.stdin.read())")
        report_many(self.history, 3)
        await command.stop(8.0)
        told = [json.loads(line) for line in self.lines()]
        self.assertEqual(told, list(self.history.events()))

    async def test_deaf_and_loud(self) -> None:
        """One that reads nothing and prints megabytes is still called for each event."""
        command = self.begin(
            "import sys; sys.stdin.close()\n"
            "sys.stdout.write('x' * 5_000_000); sys.stdout.flush(); open(sys.argv[1], 'a').write('done\\n')"
        )
        self.history.report({"kind": "refused", "reason": "y" * 500_000})
        report_many(self.history, 1)
        await self.until_lines(2)
        await command.stop(8.0)

    async def test_hangs(self) -> None:
        """One that hangs and ignores SIGTERM is killed by its deadline, and the next event is told."""
        self.patch(command_module, "DEADLINE", 0.3)
        self.patch(command_module, "GRACE", 0.2)
        log = logged(self)
        command = self.begin(
            "import os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"
        )
        report_many(self.history, 2)
        pids = await self.until_lines(2)
        self.assertFalse(runs(pids[0]), "the first call still runs beside the second")
        await command.stop(0.0)
        self.assertFalse(runs(pids[1]))
        self.assertIn("longer than 0.3 s", log[0]["problem"])

    async def test_missing(self) -> None:
        """A command that does not exist is one line in the log."""
        log = logged(self)
        history = make_history()
        command = make_event_command(reactor, history, ["/no/such/command"])
        command.start()
        report_many(history, 5)
        await command.stop(8.0)
        self.assertEqual(len(log), 1)
        self.assertEqual(log[0]["program"], "/no/such/command")
        self.assertIn("no such file", log[0]["problem"])

    async def test_turns(self) -> None:
        """A command that ends at once gets one event a turn of the reactor: a thousand hold up nobody."""
        history, fake = make_history(), FakeCommand(missing=True)
        command = EventCommand(reactor, history, "on-event", fake)
        command.start()
        report_many(history, 1000)
        for _ in range(10):
            await deferLater(reactor, 0)
        self.assertLessEqual(len(fake.calls), 11)
        await command.stop(8.0)
        self.assertEqual(len(fake.calls), 1000)

    def test_deadline(self) -> None:
        """The deadline is the documented ten seconds."""
        self.assertEqual(DEADLINE, 10.0)

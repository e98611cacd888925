"""The log: written by a thread, lost rather than waited for, and never silently."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable

from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, LogLevel
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from heart import logs
from heart.logs import LogWriter, RateLimit, to_descriptor

PATIENCE = 20.0  # seconds after which a test gives up


def event(text: object) -> LogEvent:
    """A log event as twisted.logger makes it."""
    return {
        "log_format": "{text}",
        "log_time": 1763818267.0,
        "log_namespace": "here",
        "log_level": LogLevel.info,
        "text": text,
    }


class Lines:
    """A `write` that keeps what is written, and stalls or fails when told."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.threads: set[int] = set()
        self.go_on = threading.Event()
        self.go_on.set()
        self.stalled = threading.Event()
        self.error: Exception | None = None

    def write(self, text: str) -> None:
        """Write one line."""
        if not self.go_on.is_set():
            self.stalled.set()
            self.go_on.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        self.threads.add(threading.get_ident())
        self.texts.append(text.rstrip("\n").rpartition("] ")[2])


class LogWriterTests(SynchronousTestCase):
    """The queue, with a `write` of the test's own."""

    def setUp(self) -> None:
        """A writer whose queue holds five lines."""
        self.lines = Lines()
        self.writer = LogWriter(self.lines.write, size=5)
        self.addCleanup(self.lines.go_on.set)

    def emit(self, *texts: object) -> None:
        """Log some lines."""
        for text in texts:
            self.writer(event(text))

    def stall(self) -> None:
        """Let the thread stall within the line 'first'."""
        self.lines.go_on.clear()
        self.writer.start()
        self.emit("first")
        self.assertTrue(self.lines.stalled.wait(PATIENCE))

    def test_interface(self) -> None:
        """A LogWriter is an observer of logs."""
        self.assertTrue(verifyObject(ILogObserver, self.writer))

    def test_before_start(self) -> None:
        """Before the start lines are written at once, by the caller: there is no thread to lose in a fork."""
        before = threading.active_count()
        self.emit("one", "two")
        self.assertEqual(self.lines.texts, ["one", "two"])
        self.assertEqual(threading.active_count(), before)
        self.assertTrue(self.writer.flush(0))

    def test_thread(self) -> None:
        """After the start one other thread writes, in order."""
        self.writer.start()
        self.writer.start()
        for number in range(3):
            self.emit(number)
        self.assertTrue(self.writer.flush(PATIENCE))
        self.assertEqual(self.lines.texts, ["0", "1", "2"])
        self.assertEqual(len(self.lines.threads), 1)
        self.assertNotIn(threading.get_ident(), self.lines.threads)

    def test_finish(self) -> None:
        """After the last beat all that waits is written, and what comes later at once, by the caller."""
        self.writer.start()
        self.emit("one", "two")
        self.writer.finish()
        self.emit("three")
        self.assertEqual(self.lines.texts, ["one", "two", "three"])
        self.assertIn(threading.get_ident(), self.lines.threads)

    def test_finish_while_stalled(self) -> None:
        """A log that stalls does not hold up the end."""
        self.patch(logs, "FLUSH", 0.01)
        self.stall()
        self.writer.finish()
        self.emit("second")
        self.assertEqual(self.lines.texts, [])

    def test_format(self) -> None:
        """A line looks as twistd's own, and a line break within it does not look like a second line."""
        written: list[str] = []
        LogWriter(written.append)(event("one\ntwo"))
        self.assertRegex(written[0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} \[here#info\] one\n\ttwo\n$")
        LogWriter(written.append)({})
        self.assertEqual(len(written), 1)

    def test_lost(self) -> None:
        """What does not fit is dropped; how many it were is written where they are missing."""
        self.stall()
        self.emit(*range(8))
        self.lines.go_on.set()
        self.assertTrue(self.writer.flush(PATIENCE))
        self.emit("after")
        self.assertTrue(self.writer.flush(PATIENCE))
        lost = "3 log lines could not be written and were lost"
        self.assertEqual(self.lines.texts, ["first", "0", "1", "2", "3", "4", lost, "after"])

    def test_flush_gives_up(self) -> None:
        """Waiting for a stalled log ends in time, and says that it was in vain."""
        self.stall()
        self.assertFalse(self.writer.flush(0.01))

    def test_failing(self) -> None:
        """Lines that cannot be written are counted, the count too; when writing works again it is told."""
        self.writer.start()
        self.lines.error = OSError(28, "No space left on device")
        self.emit("a", "b", "c")
        self.assertTrue(self.writer.flush(PATIENCE))
        self.lines.error = None
        self.emit("after")
        self.assertTrue(self.writer.flush(PATIENCE))
        lost = "3 log lines could not be written and were lost"
        self.assertEqual(sorted(self.lines.texts), [lost, "after"])


class PipeTests(SynchronousTestCase):
    """Real pipes that nobody reads."""

    def setUp(self) -> None:
        """A pipe of the smallest size, full."""
        self.reader, self.descriptor = os.pipe()
        fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, 4096)
        self.filling = os.write(self.descriptor, b"." * 4095 + b"\n")
        self.open = True
        self.addCleanup(self.close)

    def close(self) -> None:
        """Close our end: a thread that writes gets EPIPE."""
        if self.open:
            os.close(self.reader)
            self.open = False

    def read_all(self, writer: LogWriter) -> str:
        """Read until the writer has written everything."""
        done: list[bool] = []
        waiter = threading.Thread(target=lambda: done.append(writer.flush(PATIENCE)))
        waiter.start()
        data = b""
        os.set_blocking(self.reader, False)
        while waiter.is_alive():
            data += self.read_some()
            waiter.join(0.001)
        self.assertEqual(done, [True])
        return (data + self.read_some())[self.filling :].decode()

    def read_some(self) -> bytes:
        """What is in the pipe."""
        try:
            return os.read(self.reader, 1 << 20)
        except BlockingIOError:
            return b""

    def test_stalled(self) -> None:
        """50,000 lines into a full pipe return; when it is read, each arrives or is counted, in order."""
        writer = LogWriter(to_descriptor(self.descriptor))
        writer.start()
        for number in range(50_000):
            writer(event(f"number {number}"))
        text = self.read_all(writer)
        writer(event("number 50000"))
        text += self.read_all_again(writer)
        numbers = [int(number) for number in re.findall(r"number (\d+)$", text, re.MULTILINE)]
        lost = sum(int(count) for count in re.findall(r"(\d+) log lines could not", text))
        self.assertEqual(len(numbers) + lost, 50_001)
        self.assertEqual(numbers[:-1], list(range(len(numbers) - 1)))
        self.assertEqual(numbers[-1], 50_000)
        self.assertGreaterEqual(len(numbers), 10_000)

    def read_all_again(self, writer: LogWriter) -> str:
        """Read what was written since."""
        self.assertTrue(writer.flush(PATIENCE))
        return self.read_some().decode()

    def test_non_blocking(self) -> None:
        """A descriptor that somebody made non-blocking loses nothing."""
        os.set_blocking(self.descriptor, False)
        writer = LogWriter(to_descriptor(self.descriptor))
        writer.start()
        for number in range(1000):
            writer(event(number))
        self.assertEqual(self.read_all(writer).count("\n"), 1000)

    def test_closed(self) -> None:
        """A pipe whose reader is gone costs lines, and nothing else."""
        self.close()
        writer = LogWriter(to_descriptor(self.descriptor))
        writer.start()
        for number in range(100):
            writer(event(number))
        self.assertTrue(writer.flush(PATIENCE))

    def test_process_ends(self) -> None:
        """A process whose log is stalled ends by itself; what can still be written when it ends is."""
        program = (
            "import os, sys; from heart.logs import LogWriter, to_descriptor\n"
            "writer = LogWriter(to_descriptor(int(sys.argv[1]))); writer.start()\n"
            "for n in range(100): writer({'log_format': 'number {n}', 'n': n})\n"
        )
        argv = [sys.executable, "-c", program, str(self.descriptor)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        run: Callable[..., subprocess.CompletedProcess[bytes]] = subprocess.run
        ended = run(argv, pass_fds=[self.descriptor], env=environment, timeout=PATIENCE, capture_output=True)
        self.assertEqual((ended.returncode, ended.stderr), (0, b""))
        self.assertEqual(len(self.read_some()), self.filling)
        fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, 65536)
        ended = run(argv, pass_fds=[self.descriptor], env=environment, timeout=PATIENCE, capture_output=True)
        self.assertEqual((ended.returncode, ended.stderr), (0, b""))
        self.assertEqual(self.read_some().count(b"number"), 100)


class RateLimitTests(SynchronousTestCase):
    """Two lines in ten seconds."""

    def setUp(self) -> None:
        """A limit on a clock of the test's own."""
        self.clock = Clock()
        self.limit = RateLimit(self.clock.seconds, 2, 10.0)

    def admit(self, times: int, key: str = "a") -> list[int | None]:
        """Ask for some lines."""
        return [self.limit.admit(key) for _ in range(times)]

    def test_held_back(self) -> None:
        """After the second line all are held back, until the time has passed; then the count is told once."""
        self.assertEqual(self.admit(5), [0, 0, None, None, None])
        self.clock.advance(9.9)
        self.assertEqual(self.admit(1), [None])
        self.clock.advance(0.1)
        self.assertEqual(self.admit(3), [4, 0, None])

    def test_keys(self) -> None:
        """Each key has its own count."""
        self.admit(5)
        self.assertEqual(self.admit(2, "b"), [0, 0])

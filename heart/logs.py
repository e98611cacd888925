"""A log that cannot hold up a beat: lines are written from a thread of their own, through a bounded queue.

A terminal, a pipe or a disk may stall for as long as it likes; what does not fit into the queue
meanwhile is dropped and counted, and the count is in the log.
"""

from __future__ import annotations

import atexit
import os
import select
import threading
from collections.abc import Callable, Hashable
from queue import Empty, SimpleQueue

from twisted.logger import ILogObserver, LogEvent, formatEventAsClassicLogText
from zope.interface import implementer

from heart.interfaces import Clock

QUEUE = 10_000
"""How many lines may wait to be written."""

FLUSH = 1.0
"""How long the end of the process may be held up for lines that still wait, in seconds."""

Write = Callable[[str], object]


def to_descriptor(descriptor: int) -> Write:
    """Writes whole lines to an open file descriptor, which may be a non-blocking one; raises OSError."""

    def write(text: str) -> None:
        left = memoryview(text.encode("utf-8", "backslashreplace"))
        while left:
            try:
                left = left[os.write(descriptor, left) :]
            except BlockingIOError:
                ready = select.poll()
                ready.register(descriptor, select.POLLOUT)
                ready.poll()

    return write


@implementer(ILogObserver)
class LogWriter:
    """Formats events as twistd does, and has them written by a thread once `start` was called.

    `write` takes one line and may block; what it raises costs the line, which counts as lost. It is
    called by one thread at a time. It must not be a method of sys.stdout or sys.stderr: the end of the
    process would wait for their locks. Use `to_descriptor`.
    """

    def __init__(self, write: Write, size: int = QUEUE) -> None:
        self._write = write
        self._size = size
        self._queue: SimpleQueue[str | int | threading.Event] = SimpleQueue()
        self._lock = threading.RLock()  # a signal's handler that logs may interrupt us within
        self._lost = 0
        self._thread: threading.Thread | None = None
        self._finished = False

    def __call__(self, event: LogEvent) -> None:
        """Take one event; blocks only before `start`."""
        line = formatEventAsClassicLogText(event)
        if line is None:
            return
        if self._thread is None or self._finished:
            self._write_line(line)
        else:
            self._enqueue(line)

    def start(self) -> None:
        """Write from a thread from now on. Threads do not survive a fork: call it after the last one."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
            atexit.register(self.flush, FLUSH)

    def flush(self, timeout: float) -> bool:
        """Wait until what was logged is written, `timeout` seconds at most: whether it was.

        This is for the end, when nothing is held up by it any more; the end of the process calls it
        once more for what is logged still later.
        """
        if self._thread is None:
            return True
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout)

    def finish(self) -> None:
        """The last beat is sent: write all that waits, and from now on without the thread.

        A process that ends by a signal does not come to its `atexit`. Where what waits cannot be
        written within FLUSH seconds, what comes still later is not waited for either.
        """
        self._finished = self.flush(FLUSH)

    def _enqueue(self, line: str) -> None:
        with self._lock:
            if self._queue.qsize() >= self._size:
                self._lost += 1
                return
            if lost := self._take_lost():
                self._queue.put(lost)
        self._queue.put(line)

    def _take_lost(self) -> int:
        with self._lock:
            lost, self._lost = self._lost, 0
        return lost

    def _run(self) -> None:
        while True:
            try:
                entry = self._queue.get_nowait()
            except Empty:
                self._write_lost(self._take_lost())
                entry = self._queue.get()
            if isinstance(entry, str):
                self._write_line(entry)
            elif isinstance(entry, int):
                self._write_lost(entry)
            else:
                self._write_lost(self._take_lost())
                entry.set()

    def _write_lost(self, lost: int) -> None:
        if lost:
            self._write_line(
                f"- [heart.logs#warn] {lost} log lines could not be written and were lost\n", lost
            )

    def _write_line(self, line: str, worth: int = 1) -> None:
        try:
            self._write(line)
        except Exception:  # a log that cannot be written has nowhere to say so but itself, later
            with self._lock:
                self._lost += worth


class RateLimit:
    """At most `lines` lines in `seconds` seconds for each key. Keys are the program's own: few."""

    def __init__(self, now: Clock, lines: int, seconds: float) -> None:
        self._now = now
        self._lines = lines
        self._seconds = seconds
        self._windows: dict[Hashable, _Window] = {}

    def admit(self, key: Hashable = None) -> int | None:
        """None if a line is to be held back; else how many were, since the last that was not."""
        window = self._windows.get(key)
        now = self._now()
        if window is None:
            window = self._windows[key] = _Window(now)
        if now - window.began >= self._seconds:
            window.began, window.admitted = now, 0
        if window.admitted >= self._lines:
            window.held_back += 1
            return None
        window.admitted += 1
        held_back, window.held_back = window.held_back, 0
        return held_back


class _Window:
    """One key's lines in the present span of time."""

    __slots__ = ("admitted", "began", "held_back")

    def __init__(self, began: float) -> None:
        self.began = began
        self.admitted = 0
        self.held_back = 0

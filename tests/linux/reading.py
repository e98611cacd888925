"""A reactor that is a clock, and reads when a test says so; threads that work at once or when told to."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.task import Clock
from twisted.python.failure import Failure


class ReadingClock(Clock):
    """Keeps readers, and treats them as the reactors of Twisted do that ask the kernel which to read."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        """Keep it."""
        if reader not in self.readers:
            self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        """Forget it."""
        if reader in self.readers:
            self.readers.remove(reader)

    def read(self) -> int:
        """Have those read for which something is there; how many that were."""
        poll = select.poll()
        at = {reader.fileno(): reader for reader in self.readers}
        for descriptor in at:
            poll.register(descriptor, select.POLLIN)
        ready = poll.poll(0)
        for descriptor, event in ready:
            reader = at[descriptor]
            why = reader.doRead() if event & select.POLLIN else CONNECTION_DONE
            if why is not None:
                self.removeReader(reader)
                reader.connectionLost(Failure(why))
        return len(ready)


class LateThreads:
    """Calls work when it is told to; or at once, if it is not `late`."""

    def __init__(self, late: bool = False) -> None:
        self.late = late
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Begin it."""
        if not self.late:
            return maybeDeferred(work, *args, **kwargs)
        done: Deferred[Any] = Deferred()

        def do() -> None:
            maybeDeferred(work, *args, **kwargs).chainDeferred(done)

        self.waiting.append(do)
        return done

    def work(self) -> None:
        """Do what waits, and what it leads to."""
        while self.waiting:
            self.waiting.pop(0)()

"""What the tests of the node share: its log, threads that the test moves, and a folder with a short name."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, execute
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

P = ParamSpec("P")
T = TypeVar("T")


@implementer(ILogObserver)
class KeptLog:
    """What one part of Heart logs."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self.events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        """Keep one."""
        if event.get("log_namespace", "").startswith(self._namespace):
            self.events.append(event)

    @property
    def lines(self) -> list[str]:
        """The lines, as they are written."""
        return [formatEvent(event) for event in self.events]

    @property
    def levels(self) -> list[str]:
        """The level of each line."""
        return [event["log_level"].name for event in self.events]


def logged(case: SynchronousTestCase, namespace: str) -> KeptLog:
    """What that part of Heart logs from now until the end of the test."""
    kept = KeptLog(namespace)
    globalLogPublisher.addObserver(kept)
    case.addCleanup(globalLogPublisher.removeObserver, kept)
    return kept


def at_once(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
    """A thread that has done its work before anybody can look."""
    return execute(work, *args, **kwargs)


class StalledThread:
    """A thread that does its work when the test lets it."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []
        self.begun = 0

    def __call__(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Keep the work."""
        self.begun += 1
        done: Deferred[T] = Deferred()
        self.waiting.append((lambda: work(*args, **kwargs), done))
        return done

    def go_on(self) -> None:
        """Do the piece of work that has waited longest."""
        work, done = self.waiting.pop(0)
        at_once(work).chainDeferred(done)


def short_folder(case: SynchronousTestCase) -> Path:
    """A folder that is removed after the test; a socket's path in it has fewer than 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="heart-"))
    case.addCleanup(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Anything:
    """A record with the attributes that it is given: stands in where only those are looked at."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)

"""The arbiter `veto`: while a file is there, this node acts on nobody's silence.

For who works on the cables, or for a program that knows better: `touch` the file, and `rm` it afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from heart.interfaces import IArbiter, IArbiterKind, InThread, Question
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.plugin import IPlugin
from twisted.python.failure import Failure
from zope.interface import implementer

from heart_example.keys import check_paths


@implementer(IPlugin, IArbiterKind)
class VetoKind:
    """Makes such arbiters."""

    kind = "veto"

    def check(self, keys: Mapping[str, object]) -> Iterator[str]:
        """There is one key, the file's path."""
        return check_paths(keys, "path")

    def make(self, keys: Mapping[str, object], reactor: object, in_thread: InThread) -> IArbiter:
        """One for that file."""
        return Veto(str(keys["path"]), in_thread)


@implementer(IArbiter)
class Veto:
    """Says yes where the file is absent for sure: not where the disk gives no answer, or an error."""

    _log = Logger()
    name = "veto"

    def __init__(self, path: str, in_thread: InThread) -> None:
        self._path = path
        self._in_thread = in_thread
        self._looking = False

    def ask(self, question: Question) -> Deferred[bool]:
        """Whether this node may. A takeover that rests on nobody's silence is not the file's business.

        While the disk still owes an answer it is not asked again: each question would cost a thread.
        """
        if not question.silent:
            return succeed(True)
        if self._looking:
            self._log.warn("{path}: the disk gives no answer", path=self._path)
            return succeed(False)
        self._looking = True
        return self._in_thread(is_there, self._path).addCallbacks(self._looked, self._failed)

    def _looked(self, there: bool) -> bool:
        self._looking = False
        return not there

    def _failed(self, failure: Failure) -> bool:
        self._looking = False
        self._log.error("{path}: {error}", path=self._path, error=failure.getErrorMessage())
        return False


def is_there(path: str) -> bool:
    """Whether something is at that path. May block. Raises OSError where that cannot be told."""
    try:
        Path(path).lstat()
    except FileNotFoundError:
        return False
    return True

"""Small files that must never hold up a beat: written whole from a thread, the newest content only."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from heart.interfaces import InThread


def write_whole(path: Path, content: bytes, durable: bool) -> None:
    """Replace the file by one with this content, readable by its owner alone. Raises OSError."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(path)
    if durable:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class LatestFile:
    """A file of which only the newest content matters. One write runs at a time, in a thread."""

    _log = Logger()

    def __init__(self, path: Path, in_thread: InThread, durable: bool) -> None:
        self.path = path
        self._in_thread = in_thread
        self._durable = durable
        self._waiting: bytes | None = None
        self._writing = False
        self._broken = ""
        self._idle: list[Deferred[None]] = []
        self._on_disk: list[Deferred[None]] = []

    def write(self, content: bytes) -> None:
        """Have this written as soon as may be; nothing waits for it."""
        self._waiting = content
        if not self._writing:
            self._writing = True
            self._next()

    def written(self) -> Deferred[None]:
        """Fires when nothing waits to be written."""
        idle: Deferred[None] = Deferred()
        if self._writing:
            self._idle.append(idle)
        else:
            idle.callback(None)
        return idle

    def on_disk(self) -> Deferred[None]:
        """Fires when what was given last is in the file; where that fails, when what came after it is."""
        kept: Deferred[None] = Deferred()
        if self._writing or self._broken:
            self._on_disk.append(kept)
        else:
            kept.callback(None)
        return kept

    def _next(self) -> None:
        content, self._waiting = self._waiting, None
        if content is None:
            self._writing = False
            idle, self._idle = self._idle, []
            for waiter in idle:
                waiter.callback(None)
            return
        written = self._in_thread(lambda: write_whole(self.path, content, self._durable))
        written.addCallbacks(lambda ignored: self._good(), self._bad)
        written.addBoth(lambda ignored: self._next())

    def _good(self) -> None:
        if self._broken:
            self._log.info("{path} can be written again", path=str(self.path))
        self._broken = ""
        if self._waiting is None:
            kept, self._on_disk = self._on_disk, []
            for waiter in kept:
                waiter.callback(None)

    def _bad(self, failure: object) -> None:
        reason = str(getattr(failure, "value", failure))
        if reason != self._broken:
            self._log.error("{path} cannot be written: {reason}", path=str(self.path), reason=reason)
        self._broken = reason

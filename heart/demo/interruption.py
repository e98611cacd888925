"""Ctrl-C, SIGTERM and SIGHUP end the demo where it is safe: between two looks, never in between."""

from __future__ import annotations

import signal
import time
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """The demo was told to end; the text is the signal's name."""


class Interruption:
    """A context in which these signals are only noted, so that cleaning up is always done whole."""

    def __init__(self) -> None:
        self.by: signal.Signals | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def check(self) -> None:
        """Raise Interrupted if a signal came."""
        if self.by is not None:
            raise Interrupted(self.by.name)

    def pause(self, seconds: float) -> None:
        """Let a short time pass; raises Interrupted."""
        time.sleep(seconds)
        self.check()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.by = signal.Signals(number)

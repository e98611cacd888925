"""Single keys from a terminal, which is given back as it was."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Any

END = "q"
"""The key that is also taken to be pressed where the terminal is gone."""


class Keyboard:
    """A context in which keys come one by one and unseen; Ctrl-C stays a signal, Ctrl-Z is a key."""

    def __enter__(self) -> Keyboard:
        self._terminal = sys.stdin.fileno()
        self._before: list[Any] = termios.tcgetattr(self._terminal)
        tty.setcbreak(self._terminal)
        attributes = termios.tcgetattr(self._terminal)
        attributes[6][termios.VSUSP] = b"\0"  # a demo in the background would leave the screen as it is
        termios.tcsetattr(self._terminal, termios.TCSANOW, attributes)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            termios.tcsetattr(self._terminal, termios.TCSAFLUSH, self._before)
        except termios.error:  # the terminal is gone
            return

    def wait(self, seconds: float) -> str:
        """The keys that were pressed within that time, as soon as one was; empty where none was."""
        if not select.select([self._terminal], [], [], seconds)[0]:
            return ""
        try:
            return os.read(self._terminal, 64).decode("ascii", "ignore") or END
        except OSError:
            return END

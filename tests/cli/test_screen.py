"""The screen of `heart status --watch`, at every size."""

from __future__ import annotations

import time
from datetime import timedelta
from io import StringIO
from typing import Any

from rich.console import Console
from twisted.trial.unittest import SynchronousTestCase

from heart.cli.screen import picture
from heart.cli.watch import Sight
from tests.status.test_view import NOW, STATUS


class ScreenTests(SynchronousTestCase):
    """What is drawn of a status."""

    def lines(self, width: int = 80, height: int = 60, age: float = 0.2, **sight: Any) -> list[str]:
        """The lines on a terminal of that size."""
        console = Console(file=StringIO(), width=width, height=height, color_system=None)
        seen = Sight(STATUS, time.monotonic() - age, NOW, **sight)
        with console.capture() as capture:
            console.print(picture(seen, NOW), end="")
        return [line.rstrip() for line in capture.get().split("\n")]

    def test_whole(self) -> None:
        """The first line says how old the status is, and how to end; then comes all of it."""
        lines = self.lines()
        self.assertRegex(lines[0], r"\Aheart status, 0\.2 s old, 2026-11-22 13:00:00 UTC +Ctrl-C ends\Z")
        self.assertIn("web      alpha   held      3 h ago     1763818267  1 s     nobody held it", lines)
        self.assertNotIn("more lines", lines[-1])

    def test_low(self) -> None:
        """On a low screen the most important comes first; what is amiss further down is in the last line."""
        lines = self.lines(height=12)
        self.assertEqual(len(lines), 12)
        self.assertIn("SERVICE", lines[5])
        self.assertRegex(lines[-1], r"\A\d+ more lines: beta is late; watcher is dead; cable is down; beta")

    def test_low_and_past(self) -> None:
        """Of what is past nothing is said to be amiss now."""
        lines = self.lines(height=12, age=60)
        self.assertRegex(lines[-1], r"\A\d+ more lines: enlarge the terminal, or see heart status\Z")

    def test_every_size(self) -> None:
        """No line is longer and no picture higher than the terminal, and the age is always there."""
        for width in (20, 40, 80, 200):
            for height in (1, 2, 5, 24, 100):
                lines = self.lines(width, height)
                self.assertLessEqual(max(map(len, lines)), width)
                self.assertLessEqual(len(lines), height)
                self.assertTrue(lines[0].startswith("heart status, 0"), lines[0])

    def test_old(self) -> None:
        """A status that is not renewed is shown as past before it is known why."""
        lines = self.lines(age=3.0)
        self.assertEqual(lines[1], "THE DAEMON DOES NOT ANSWER")
        self.assertEqual(lines[2], "What follows is what it said 3.0 s ago; it may hold no more.")
        self.assertIn("was held", "\n".join(lines))
        self.assertNotIn("was held", "\n".join(self.lines(age=1.5)))

    def test_unreachable(self) -> None:
        """Of a daemon that cannot be reached it is said since when, and why, on lines of their own."""
        since = NOW - timedelta(seconds=125)
        lines = self.lines(age=0.2, trouble="/run/web.sock: nobody\nlistens", trouble_since=since)
        self.assertEqual(lines[1], "THE DAEMON CANNOT BE REACHED since 12:57:55 UTC")
        self.assertEqual(lines[2], "/run/web.sock: nobody listens")
        self.assertIn("was held", "\n".join(lines))

"""The live view of `heart demo`, in a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading

from tests.demo.support import DemoCase

LINES, COLUMNS = 24, 80


class ScreenTests(DemoCase):
    """A terminal with the demo on it."""

    def setUp(self) -> None:
        super().setUp()
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.before = termios.tcgetattr(self.theirs)
        self.shown = b""
        self.seen = 0
        self.demo = self.begin("demo", stdin=self.theirs, stdout=self.theirs, start_new_session=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        """What a terminal does: take in all that it is sent."""
        while True:
            try:
                self.shown += os.read(self.ours, 65_536)
            except OSError:
                return

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Close the terminal too."""
        super().end(process)
        os.close(self.theirs)
        os.close(self.ours)

    def press(self, key: str) -> None:
        """Press a key; only what is shown from now on counts."""
        self.seen = len(self.shown)
        os.write(self.ours, key.encode())

    def shows(self, text: str) -> None:
        """Wait for a text."""
        self.until(lambda: text.encode() in self.shown[self.seen :], f"the screen shows {text!r}", 60)

    def ends_well(self) -> None:
        """It ends with the terminal as it was and nothing left."""
        self.assertEqual(self.demo.wait(30), 0)
        self.assertEqual(termios.tcgetattr(self.theirs), self.before)
        # xterm: the last word is that the cursor is shown, and that on the normal screen.
        for last, other in ((b"\x1b[?25h", b"\x1b[?25l"), (b"\x1b[?1049l", b"\x1b[?1049h")):
            self.until(lambda: self.shown.rfind(last) > self.shown.rfind(other) >= 0, f"{last!r} is sent")  # noqa: B023
        self.assertEqual(self.folders(), [])
        self.no_process_left()

    def test_keys(self) -> None:
        """Keys kill and revive, pause and resume, cut and restore; q ends it."""
        self.shows("web runs here")
        self.press("a")
        self.shows("you kill alpha")
        self.shows("beta holds web")
        self.press("Aa")  # in this order: who is dead cannot be paused
        self.shows("you revive alpha")
        self.shows("alpha hears beta")
        self.press("A")
        self.shows("paused")
        self.shows("resume alpha")
        self.press("A")
        self.shows("you resume alpha")
        for key, name in (("l", "LAN"), ("c", "cable")):
            self.press(key)
            self.shows("CUT")
            self.shows(f"restore the {name}")
            self.press(key)
            self.shows(f"you restore the {name}")
        self.press("q")
        self.ends_well()

    def test_interrupted(self) -> None:
        """Ctrl-C ends it like q, also while a node is paused."""
        self.shows("web runs here")
        self.press("B")
        self.shows("paused")
        self.demo.send_signal(signal.SIGINT)
        self.ends_well()

    def test_terminated(self) -> None:
        """SIGTERM and SIGHUP end it with the terminal as it was, and exit code 1."""
        self.shows("running")
        self.demo.send_signal(signal.SIGHUP)
        self.assertEqual(self.demo.wait(30), 1)
        self.assertEqual(termios.tcgetattr(self.theirs), self.before)
        self.assertEqual(self.folders(), [])

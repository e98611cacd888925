"""The scripts of conf/scripts, called as Heart calls them, each time in a session of its own."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.process.start import SEARCH_PATH
from tests.docs.support import ROOT

SCRIPTS = ROOT / "conf" / "scripts"
PATIENCE = 30.0  # seconds that a call may take on a busy machine


@dataclass(frozen=True)
class Ended:
    """How a call ended, what it printed, and how many seconds it took."""

    status: int
    output: str
    seconds: float


class ScriptCase(SynchronousTestCase):
    """Calls one script, with a folder of its own."""

    command: list[str]

    def setUp(self) -> None:
        """Make the folder."""
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.state = self.folder / "state"

    def environment(self) -> dict[str, str]:
        """What a script needs beside what Heart gives it, in these tests."""
        return {}

    def begin(self, action: str, given: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Begin a call; `given` is what it finds in its environment, too."""
        return subprocess.Popen(
            [*self.command, action],
            env={"PATH": SEARCH_PATH, **self.environment(), **(given or {})},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def call(self, action: str, **given: str) -> Ended:
        """Make a call."""
        began = time.monotonic()
        running = self.begin(action, given)
        output, _ = running.communicate(timeout=PATIENCE)
        return Ended(running.returncode, output, time.monotonic() - began)

    def expect(self, action: str, status: int, *words: str, **given: str) -> Ended:
        """Make a call that ends with that status and says these words in one line; or nothing at all."""
        ended = self.call(action, **given)
        self.assertEqual(ended.status, status, f"{action}: {ended}")
        self.assertEqual(len(ended.output.splitlines()), bool(words), f"{action}: {ended}")
        for word in words:
            self.assertIn(word, ended.output)
        return ended

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"waited {PATIENCE:g} s in vain: {what}")
            time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether a process is there that has not ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] not in ("Z", "X")


def signal_all(pids: list[int], number: int) -> None:
    """Send these processes a signal."""
    for pid in pids:
        os.kill(pid, number)

"""What the tests of the demo share: `heart demo` as a process, with a folder for what it leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from heart.demo.processes import left_over

LOOK = 0.02  # seconds between two looks


def event(node: str, kind: str, number: int = 1, **brings: object) -> dict[str, Any]:
    """An event as a daemon tells it."""
    time_of_day = f"2026-11-22T03:12:07.{number:03}Z"
    base = {"time": time_of_day, "node": node, "incarnation": 4, "sequence": number, "kind": kind}
    return {**base, "reason": "because", **brings}


def status(
    node: str, holder: str | None = None, state: str = "held", peer: str = "up", received: int = 0
) -> dict[str, Any]:
    """As much of a node's status as the demo looks at; both links have taken in `received` beats."""
    other = "beta" if node == "alpha" else "alpha"
    return {
        "node": node,
        "nodes": [{"name": node, "state": "up"}, {"name": other, "state": peer}],
        "links": [
            {"name": name, "state": "up", "peers": [_hearing(other, received)]} for name in ("lan", "cable")
        ],
        "services": [{"name": "web", "holder": holder, "state": state, "term": 7}],
    }


def _hearing(peer: str, received: int) -> dict[str, Any]:
    return {"peer": peer, "heard": 0.04, "round_trip": 0.001, "received": received, "lost": 0}


class DemoCase(SynchronousTestCase):
    """A test with a short temporary folder, in which nothing may be left at its end: no file, no process."""

    def setUp(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="hd-"))  # sockets need a short path
        self.addCleanup(shutil.rmtree, self.place)
        self.addCleanup(self.kill_left)
        self.addCleanup(self.no_process_left)
        self.patch(tempfile, "tempdir", str(self.place))

    def begin(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start `heart` with these words, in the root directory."""
        program = "from heart.cli.main import main; main()"
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "TMPDIR": str(self.place),
            "TERM": "xterm",
        }
        options = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **options,
        }
        process = subprocess.Popen(
            [sys.executable, "-c", program, *words], env=environment, cwd="/", **options
        )
        self.addCleanup(self.end, process)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Leave nothing behind."""
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()

    def until(self, true: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        """Wait until something is so; fail where it is not so in time."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                self.fail(f"waited {seconds:g} s in vain: {what}")
            time.sleep(LOOK)

    def folders(self) -> list[str]:
        """The demo's folders that are there."""
        return [path.name for path in self.place.glob("heart-demo-*")]

    def kill_left(self) -> None:
        """Leave no process behind, also where the test has failed for it."""
        for pid in left_over(self.place):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def no_process_left(self) -> None:
        """No process speaks of the temporary folder any more, soon."""
        self.until(lambda: not left_over(self.place), "processes of the demo are left", 15)

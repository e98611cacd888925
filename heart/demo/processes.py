"""The nodes of the demo as processes: started, killed, paused, stopped; and who is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from heart.demo.folder import Folder

STOPPING = 10.0
"""Seconds that a node has to let go of everything and end, before it is killed."""


class NodeProcess:
    """One node, through as many lives as it is given. To be used from the main thread alone.

    (The kernel kills a node when the *thread* that started it ends.)
    """

    def __init__(self, name: str, folder: Folder) -> None:
        self.name = name
        self.paused = False
        self._asked = False
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it lives, be it paused."""
        return self._process is not None and self._process.poll() is None

    @property
    def answers(self) -> bool:
        """Whether it is of use to ask it anything."""
        return self.running and not self.paused

    @property
    def pid(self) -> int | None:
        """Its process, of this life or the last one."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How its last life ended (a signal's number is negative); None while it lives."""
        return None if self._process is None else self._process.poll()

    @property
    def fell(self) -> bool:
        """Whether it ended without being asked to."""
        return self.exit_code is not None and not self._asked

    @property
    def state(self) -> str:
        """One word, or two, for a person."""
        if self.running:
            return "paused" if self.paused else "running"
        return "killed" if self.exit_code == -signal.SIGKILL else f"ended with {self.exit_code}"

    def start(self) -> None:
        """Give it a life: `twistd heart`, in a session of its own."""
        twistd = ["-n", "--pidfile=", "heart", "--config", str(self._folder.config), "--node", self.name]
        # -P: nothing is imported from the directory in which the demo happens to be started.
        words = [sys.executable, "-P", "-m", "heart.demo.launch", str(os.getpid()), *twistd]
        with self._folder.log(self.name).open("ab") as log:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.paused = self._asked = False

    def kill(self) -> None:
        """SIGKILL: it has no chance to let go of anything."""
        self._asked = True
        self._signal(signal.SIGKILL)
        self.paused = False
        if self._process is not None:
            self._process.wait()

    def pause(self) -> None:
        """SIGSTOP: it does nothing until it is resumed."""
        self._signal(signal.SIGSTOP)
        self.paused = True

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)
        self.paused = False

    def terminate(self) -> None:
        """SIGTERM: it lets go of what it holds, says goodbye and ends."""
        self._asked = True
        self._signal(signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended; it is waited for so long."""
        try:
            if self._process is not None:
                self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)  # which leaves alone who has ended


def end(nodes: list[NodeProcess]) -> None:
    """End them all, in good order where they can, by force where not."""
    for node in nodes:
        node.terminate()
        node.resume()
    for node in nodes:
        if not node.wait(STOPPING):
            node.kill()


def left_over(folder: Path, proc: Path = Path("/proc")) -> list[int]:
    """The processes, apart from this one, that have the folder on their command line (man 5 proc)."""
    wanted = os.fsencode(f"{folder}/")
    found = []
    for entry in proc.glob("[0-9]*/cmdline"):
        try:
            if wanted in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:  # it ended while we looked
            continue
    return sorted(pid for pid in found if pid != os.getpid())

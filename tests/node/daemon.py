"""A daemon as `twistd heart` starts it, in a folder of its own, on loopback, and the ear of a peer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from heart.beat import GOODBYE, Beat
from heart.codec import Codec
from heart.control.client import DaemonUnreachable, ask
from heart.demo.processes import left_over
from heart.keys import load_keys, write_new_key
from tests.node.processes import PATIENCE, begin, environment, until
from tests.node.support import short_folder

BROADCAST = "127.255.255.255"

CONFIGURATION = """\
cluster = "web"
key_file = "heart.key"
[timing]
beat = "20ms"
late = "800ms"
dead = "1s"
lease = "900ms"
start = "300ms"
[nodes.alpha]
[nodes.beta]
[links.lan]
kind = "udp"
broadcast = "{broadcast}"
port = {port}
[services.site]
nodes = ["alpha", "beta"]
stop = "500ms"
[[services.site.resources]]
kind = "script"
command = ["site"]
[paths]
state = "state"
run = "run"
"""

SCRIPT = """\
#!/bin/sh
echo "$1 $HEART_SERVICE $HEART_REASON $HEART_TERM" >> {diary}
"""


@dataclass(frozen=True)
class Folder:
    """All that a node needs: configuration, key, a script that keeps a diary, and a port of its own."""

    path: Path
    port: int

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.path / "heart.toml"

    @property
    def run(self) -> Path:
        """The run directory."""
        return self.path / "run"

    @property
    def script(self) -> Path:
        """The service's script."""
        return self.path / "site"

    @property
    def log(self) -> Path:
        """What the daemons write."""
        return self.path / "log"

    def diary(self) -> list[list[str]]:
        """The calls of the script: action, service, reason, term."""
        diary = self.path / "diary"
        return [line.split() for line in diary.read_text().splitlines()] if diary.exists() else []

    def calls(self) -> list[tuple[str, str]]:
        """Action and reason of each call."""
        return [(words[0], words[2]) for words in self.diary()]

    def status(self) -> dict[str, Any] | None:
        """What `heart status --json` shows; None where no daemon answers."""
        try:
            answer: dict[str, Any] = ask(self.run / "web.alpha.sock", {"command": "status"}, PATIENCE)
        except DaemonUnreachable:
            return None
        return answer

    def holds(self) -> bool:
        """Whether the daemon holds the service."""
        status = self.status()
        return status is not None and status["services"][0]["state"] == "held"


def make_folder(case: SynchronousTestCase) -> Folder:
    """A folder that is removed after the test."""
    folder = Folder(short_folder(case), free_port())
    folder.config.write_text(CONFIGURATION.format(port=folder.port, broadcast=BROADCAST))
    write_new_key(folder.path / "heart.key")
    folder.script.write_text(SCRIPT.format(diary=folder.path / "diary"))
    folder.script.chmod(0o755)
    return folder


def free_port() -> int:
    """A UDP port that nobody uses just now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def twistd(*words: str) -> list[str]:
    """The command line of twistd, which like its script imports nothing from the working directory."""
    return [sys.executable, "-P", "-c", "from twisted.scripts.twistd import run; run()", *words]


def start(case: SynchronousTestCase, folder: Folder, *words: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start `twistd -n heart` as alpha, logging to the folder's log."""
    return start_with(case, folder, ["-n", f"--logfile={folder.log}", *words], **options)


def start_with(
    case: SynchronousTestCase, folder: Folder, words: Sequence[str], **options: Any
) -> subprocess.Popen[bytes]:
    """Start `twistd heart` as alpha with these words before `heart`."""
    command = twistd(*words, "heart", "--config", str(folder.config), "--node", "alpha")
    options = {"cwd": folder.path, "stdin": subprocess.DEVNULL, "env": environment(), **options}
    return begin(case, command, **options)


def wait_held(folder: Folder, process: subprocess.Popen[bytes]) -> None:
    """Return once the daemon holds the service."""

    def held_or_ended() -> bool:
        return process.poll() is not None or folder.holds()

    until(held_or_ended, "the daemon holds the service")
    if process.poll() is not None:
        raise AssertionError(f"the daemon has ended with {process.returncode}: {read(folder.log)}")


def read(path: Path) -> str:
    """The text of a file; empty where there is none."""
    return path.read_text() if path.exists() else ""


class Ear:
    """A socket that hears what is broadcast on loopback, as a peer would."""

    def __init__(self, case: SynchronousTestCase, folder: Folder) -> None:
        self._codec = Codec("web", load_keys(folder.path / "heart.key"))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        case.addCleanup(self._socket.close)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.setblocking(False)
        self._socket.bind(("", folder.port))

    def take(self) -> list[Beat]:
        """The beats that have come since the last time."""
        beats = []
        with suppress(BlockingIOError):
            while True:
                beat = self._codec.decode(self._socket.recv(2048))
                if isinstance(beat, Beat):
                    beats.append(beat)
        return beats

    def goodbyes(self) -> int:
        """How many goodbyes have come since the last time."""
        return sum(1 for beat in self.take() if beat.flags & GOODBYE)


def running(pid_file: Path) -> int | None:
    """The process that a pid file names; None where there is none."""
    try:
        process = int(pid_file.read_text())
        os.kill(process, 0)
    except (OSError, ValueError):
        return None
    return process


def kill_daemons(folder: Folder) -> None:
    """See to it that no daemon of this folder outlives its test, wherever its pid file may be."""
    for process in left_over(folder.path):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)

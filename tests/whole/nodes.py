"""Nodes: each a real daemon in its own namespace, started, asked and killed as an administrator would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from heart.control.client import DaemonUnreachable, ask, ask_lines
from tests.whole.netns import Namespace, alive

PATIENCE = 2.0  # seconds that a daemon may take to answer on its control socket
TWISTD = str(Path(sys.executable).with_name("twistd"))
HEART = str(Path(sys.executable).with_name("heart"))
Status = dict[str, Any]
Event = dict[str, Any]


class Node:
    """One node of the cluster. `log_file` has what the daemon wrote in all its lives."""

    def __init__(self, name: str, namespace: Namespace, folder: Path, config: Path) -> None:
        self.name = name
        self.namespace = namespace
        self.config = config
        self.log_file = folder / f"{name}.log"
        self._run = folder / "run"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The daemon's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def socket(self) -> Path:
        """The daemon's control socket."""
        return self._run / f"web.{self.name}.sock"

    @property
    def pid_file(self) -> Path:
        """Where a daemon without -n writes its process."""
        return self._run / f"web.{self.name}.pid"

    def command(self, *, config: str | None = None, options: Sequence[str] = ("-n",)) -> list[str]:
        """The command line of the daemon, as it is typed on this node."""
        return [TWISTD, *options, "heart", "--config", config or str(self.config), "--node", self.name]

    def start(
        self,
        *,
        under: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        config: str | None = None,
        folder: Path | None = None,
        output: int | IO[bytes] | None = None,
    ) -> None:
        """Start the daemon, `under` another command, in a folder, with its output not in the log."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self.namespace.command(*under, *self.command(config=config)),
                env={**os.environ, **(environment or {})},
                cwd=folder or self.config.parent,
                stdin=subprocess.DEVNULL,
                stdout=log if output is None else output,
                stderr=log if output is None else output,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        """Send the daemon a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and see it dead."""
        self.send(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)

    def terminate(self, patience: float = 20) -> int:
        """SIGTERM; its exit status, once it has ended. Raises TimeoutExpired."""
        self.send(signal.SIGTERM)
        return self.wait(patience)

    def wait(self, patience: float = 20) -> int:
        """The daemon's exit status, once it has ended. Raises TimeoutExpired."""
        assert self._process is not None
        return self._process.wait(patience)

    def running(self) -> bool:
        """Whether the daemon lives."""
        return self._process is not None and self._process.poll() is None

    def status(self) -> Status | None:
        """What `heart status --json` shows; None where the daemon does not answer."""
        try:
            answer: Status = ask(self.socket, {"command": "status"}, PATIENCE)
        except DaemonUnreachable:
            return None
        return answer

    def events(self) -> list[Event]:
        """What `heart events --json` shows of this life; nothing where the daemon does not answer."""
        try:
            return list(ask_lines(self.socket, {"command": "events"}, PATIENCE))
        except DaemonUnreachable:
            return []

    def heart(self, *words: str, patience: float = 90) -> tuple[int, str]:
        """Run the command `heart` as an administrator would on this node; its exit code and output."""
        running = self.begin_heart(*words)
        output, _ = running.communicate(timeout=patience)
        return running.returncode, output

    def begin_heart(self, *words: str) -> subprocess.Popen[str]:
        """As `heart`, without waiting for the command's end."""
        command = [HEART, words[0], "--config", str(self.config), "--node", self.name, *words[1:]]
        return subprocess.Popen(
            self.namespace.command(*command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def log(self) -> str:
        """All that its daemons have written."""
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""

    def reap(self) -> None:
        """Kill the daemon where one lives, paused or not."""
        with suppress(ProcessLookupError, ValueError):
            if (
                self._process is None
                and self.pid_file.exists()
                and alive(pid := int(self.pid_file.read_text()))
            ):
                os.kill(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)


def services(status: Status | None) -> dict[str, tuple[str | None, str]]:
    """Of each service in a status its holder and state."""
    return {} if status is None else {s["name"]: (s["holder"], s["state"]) for s in status["services"]}


def states(status: Status | None) -> dict[str, str]:
    """Of each node in a status its state."""
    return {} if status is None else {node["name"]: node["state"] for node in status["nodes"]}


def link(status: Status | None, name: str) -> dict[str, Any]:
    """One link of a status; an empty one where there is no status."""
    found = () if status is None else (link for link in status["links"] if link["name"] == name)
    return next(iter(found), {"state": "", "reason": "", "refused": {}, "peers": []})


def hears(status: Status | None, name: str, within: float = 0.8) -> bool:
    """Whether a link is up, every peer was heard on it lately, and has lately heard us on it (seconds)."""
    known = link(status, name)
    ages = [age for peer in known["peers"] for age in (peer["heard"], peer["hears_us"])]
    return known["state"] == "up" and bool(ages) and all(age is not None and age < within for age in ages)


def kinds(events: Sequence[Event], after: int = 0) -> list[str]:
    """The kinds of the events after the one with that sequence number."""
    return [event["kind"] for event in events if event["sequence"] > after]

"""What the tests of plug-ins share: Heart and the example installed, a folder, and daemons that run there."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.node.processes import until
from tests.packaging.checkout import Installed, build, clean_environment, copy_checkout

PATIENCE = 30.0


@cache
def example() -> Installed:
    """Heart's wheel and the example, in a folder that only this user may change, whoever has the checkout."""
    place = Path(tempfile.mkdtemp(prefix="heart-plugged-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    source = copy_checkout("with-example") / "docs" / "plugin-example"
    return Installed("venv", [build()[1], source], place)


class Folder(SynchronousTestCase):
    """A configuration in a folder with a short name, for the sockets' sake."""

    configuration: str

    def setUp(self) -> None:
        """Write it, and make the key."""
        self.folder = Path(tempfile.mkdtemp(prefix="heart-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.config = self.folder / "heart.toml"
        self.write(self.configuration)
        self.installed = example()
        self.installed.run("heart", "keygen", self.folder / "heart.key")

    def write(self, text: str) -> None:
        """Make this the configuration."""
        self.config.write_text(text.replace("FOLDER", str(self.folder)))

    def heart(self, *words: str | Path, at: Installed | None = None) -> subprocess.CompletedProcess[str]:
        """What a command of an installation says, and how it ends."""
        where = at or self.installed
        return subprocess.run(
            [str(where.bin / "heart"), *map(str, words)],
            cwd=where.away,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        """That of every command and daemon."""
        return clean_environment()


class Daemons(Folder):
    """A configuration that alpha and beta run."""

    def setUp(self) -> None:
        """Both run."""
        super().setUp()
        self.daemons = {node: self.begin(node) for node in ("alpha", "beta")}

    def begin(self, node: str) -> subprocess.Popen[bytes]:
        """Start a daemon; it is ended after the test."""
        twistd = [str(self.installed.bin / "twistd"), "-n", "--pidfile=", f"--logfile={self.log_of(node)}"]
        daemon = subprocess.Popen(
            [*twistd, "heart", "--config", str(self.config), "--node", node],
            cwd=self.installed.away,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
        )
        self.addCleanup(daemon.wait, PATIENCE)
        self.addCleanup(daemon.kill)
        return daemon

    def log_of(self, node: str) -> Path:
        """The log of a node."""
        return self.folder / f"{node}.log"

    def ask(self, command: str, node: str) -> str:
        """What a node's daemon answers; nothing where it does not."""
        ended = self.heart(command, "--json", "--config", self.config, "--node", node)
        return ended.stdout if ended.returncode == 0 else ""

    def service(self, node: str) -> dict[str, Any]:
        """What a node says of the service."""
        told = self.ask("status", node)
        return dict(json.loads(told)["services"][0]) if told else {}

    def refusals(self, node: str) -> list[dict[str, Any]]:
        """The times that the arbiter refused a node."""
        events = [json.loads(line) for line in self.ask("events", node).splitlines()]
        return [event for event in events if event["kind"] == "arbiter" and not event["granted"]]

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something; where it does not come, say what the daemons have logged."""
        try:
            until(condition, what, PATIENCE)
        except AssertionError as error:
            logs = [log.read_text() for log in map(self.log_of, self.daemons) if log.exists()]
            raise AssertionError("\n".join([str(error), *logs])) from None

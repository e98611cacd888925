"""A control server for the tests of commands, with a configuration that leads to it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from tests.control.fakes import ServerCase

CONFIGURATION = """\
cluster = "web"
key_file = "heart.key"
[nodes.alpha]
[nodes.beta]
[links.lan]
kind = "udp"
broadcast = "127.255.255.255"
[paths]
run = "run"
"""

Ended = subprocess.CompletedProcess


class CommandCase(ServerCase):
    """Runs `heart` as a process, beside a server in this one."""

    def setUp(self) -> None:
        """A folder with a configuration."""
        super().setUp()
        self.config = self.folder / "heart.toml"
        self.config.write_text(CONFIGURATION)
        key = self.folder / "heart.key"
        key.touch(0o600)
        key.write_text(f"1 {'5a' * 32}\n")
        run = self.folder / "run"
        run.mkdir()
        self.path = run / "web.alpha.sock"

    def begin(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start `heart` with these words, as node alpha."""
        program = "from heart.cli.main import main; main()"
        argv = [sys.executable, "-c", program, *words, "--config", str(self.config), "--node", "alpha"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **options.pop("env", {})}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen(argv, env=environment, **pipes)
        self.addCleanup(self.end, process)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Leave nothing behind."""
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    async def heart(self, *words: str, **options: Any) -> Ended[str]:
        """Run `heart` to its end."""
        process = self.begin(*words, **options)
        output, errors = await self.in_thread(process.communicate, None, 20)
        return Ended(process.args, process.returncode, output.decode(), errors.decode())

    async def heart_on_terminal(self, *words: str) -> str:
        """Run `heart` with a terminal as its output; what is shown there."""
        ours, theirs = pty.openpty()
        process = self.begin(*words, stdout=theirs, env={"TERM": "xterm-256color", "COLUMNS": "80"})
        os.close(theirs)
        shown: bytes = await self.in_thread(read_terminal, ours)
        os.close(ours)
        await self.in_thread(process.wait, 20)
        self.assertEqual(process.returncode, 0)
        return shown.decode()

    async def interrupt(self, process: subprocess.Popen[bytes]) -> Ended[str]:
        """Press Ctrl-C and wait for the end."""
        process.send_signal(signal.SIGINT)
        output, errors = await self.in_thread(process.communicate, None, 20)
        return Ended(process.args, process.returncode, output.decode(), errors.decode())

    def assert_unreachable(self, ended: Ended[str]) -> None:
        """It says in one line which socket, and exits with 3."""
        self.assertEqual((ended.returncode, ended.stdout), (3, ""))
        self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)
        self.assertTrue(ended.stderr.startswith(f"{self.path}: "), ended.stderr)

    def json_lines(self, text: str) -> Sequence[Any]:
        """The lines of an output."""
        return [json.loads(line) for line in text.splitlines()]


def read_terminal(descriptor: int) -> bytes:
    """Everything that is written to a terminal until it is closed, which reads as an error."""
    data = b""
    with suppress(OSError):
        while piece := os.read(descriptor, 65_536):
            data += piece
    return data

"""Tests of heart.cli.options."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from heart.cli import options
from heart.cli.options import complain, load_or_exit
from heart.config.model import Paths
from tests.config.support import GOOD, machine

NO_SUCH = ": no such kind is installed"


class LoadTests(SynchronousTestCase):
    """The configuration for a command that asks the daemon."""

    def setUp(self) -> None:
        """Write a good file without its key, and give root and this user folders for sockets."""
        self.folder = Path(self.mktemp()).absolute()
        self.file = self.folder / "heart.toml"
        self.of_root = self.folder / "root"
        self.of_root.mkdir(parents=True)
        short = TemporaryDirectory()  # a socket's path has at most 107 bytes
        self.addCleanup(short.cleanup)
        self.own = Path(short.name)
        self.file.write_text(GOOD)
        here = replace(machine(), paths=Paths(self.folder, self.own))
        self.patch(options, "this_machine", lambda: here)
        self.patch(options, "SYSTEM", Paths(self.folder, self.of_root))

    def test_own(self) -> None:
        """Without root's daemon it is this user's that is asked, and no key is needed."""
        self.assertEqual(load_or_exit(self.file, "beta").socket(), self.own / "web.beta.sock")

    def test_of_root(self) -> None:
        """Where this user has no daemon and root has one, that one is asked."""
        socket = self.of_root / "web.beta.sock"
        socket.touch()
        self.assertEqual(load_or_exit(self.file, "beta").socket(), socket)

    def test_both(self) -> None:
        """Where both have a daemon, it is this user's own that is asked."""
        for folder in (self.own, self.of_root):
            (folder / "web.beta.sock").touch()
        self.assertEqual(load_or_exit(self.file, "beta").socket(), self.own / "web.beta.sock")

    def test_said(self) -> None:
        """A folder that the file names is the one, whatever root has running."""
        (self.of_root / "web.beta.sock").touch()
        self.file.write_text(GOOD + '\n[paths]\nrun = "/tmp/heart-said"\n')
        self.assertEqual(load_or_exit(self.file, "beta").socket(), Path("/tmp/heart-said/web.beta.sock"))

    def test_refused(self) -> None:
        """A wrong file ends the command with its lines and exit code 1."""
        self.file.write_text(GOOD.replace("udp", "upd").replace("serial", "cereal"))
        with CliRunner().isolation() as (_, errors, *_rest):
            error = self.assertRaises(SystemExit, load_or_exit, self.file, None)
            lines = errors.getvalue().decode().splitlines()
        self.assertEqual(error.code, 1)
        self.assertEqual(
            lines,
            [
                f'{self.file}: links.lan.kind: expected "udp" or "serial", not "upd"{NO_SUCH}',
                f'{self.file}: links.cable.kind: expected "udp" or "serial", not "cereal"{NO_SUCH}',
            ],
        )

    def test_one_line(self) -> None:
        """A complaint is one line, whatever stands in it."""
        with CliRunner().isolation() as (_, errors, *_rest):
            complain("a\nb\x1b[2J")
            self.assertEqual(errors.getvalue(), b"a\\nb\\x1b[2J\n")

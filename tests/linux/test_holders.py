"""Tests of heart.linux.holders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.linux.holders import holder_of
from tests.links.wires import Stranger

HOLD = "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print(1, flush=True); sys.stdin.read()"


class HolderTests(SynchronousTestCase):
    """Who has a device open."""

    def setUp(self) -> None:
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        self.device = os.ttyname(slave)

    def test_stranger(self) -> None:
        """A process that has it open is found, by whatever name the device is asked for."""
        link = Path(self.mktemp()).absolute()
        link.symlink_to(self.device)
        with Stranger(link) as stranger:
            for name in (self.device, str(link)):
                found = holder_of(name)
                assert found is not None
                self.assertEqual(found.pid, stranger.pid)
                comm = Path(f"/proc/{stranger.pid}/comm").read_text().strip()
                self.assertEqual(str(found), f"pid {stranger.pid} ({comm})")

    def test_nobody(self) -> None:
        """This process does not count, nor does one that has another device open."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        with Stranger(Path(os.ttyname(slave))):
            self.assertIsNone(holder_of(self.device))

    def test_child(self) -> None:
        """A child of this process does not count: it inherited the device."""
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, self.device], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            self.assertIsNone(holder_of(self.device))
            child.kill()

    def test_without_proc(self) -> None:
        """Where there is no /proc nobody can be seen."""
        self.assertIsNone(holder_of(self.device, Path(self.mktemp())))

    def test_absent(self) -> None:
        """A device that is not there raises OSError."""
        self.assertRaises(FileNotFoundError, holder_of, "/dev/ttyAbsent")

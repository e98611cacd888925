"""Tests of heart.linux.processes; those of start_of beside the ledger, which lives by it, too."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.linux.processes import only_zombies, start_of

NOWHERE = Path("/nonexistent")


class ProcessTests(SynchronousTestCase):
    """A process of the test's own."""

    def setUp(self) -> None:
        self.process = subprocess.Popen(["/bin/sleep", "9"], start_new_session=True)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    def test_zombie(self) -> None:
        """A group whose one member has ended and was not waited for is only zombies; one that runs is not."""
        self.assertFalse(only_zombies(self.process.pid))
        self.process.kill()
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        self.assertTrue(only_zombies(self.process.pid))

    def test_without_proc(self) -> None:
        """Where there is no /proc nothing is known, and nothing raised."""
        self.assertEqual(start_of(self.process.pid, NOWHERE), 0)
        self.assertFalse(only_zombies(self.process.pid, NOWHERE))
        self.assertGreater(start_of(self.process.pid), 0)

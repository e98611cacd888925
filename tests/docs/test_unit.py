"""conf/heart.service starts the daemon that there is."""

from __future__ import annotations

from configparser import ConfigParser

from twisted.trial.unittest import SynchronousTestCase

from heart.config.machine import SYSTEM
from heart.node.twistd import DEFAULT_FILE
from tests.docs.support import ROOT


class UnitTests(SynchronousTestCase):
    """What the unit says, against what the daemon takes and needs."""

    def setUp(self) -> None:
        parser = ConfigParser(interpolation=None, delimiters=("=",), strict=True)
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
        parser.read_string((ROOT / "conf" / "heart.service").read_text())
        self.service = parser["Service"]

    def test_command(self) -> None:
        """It runs twistd in the foreground, without a pid file, on the file that all commands expect."""
        words = self.service["ExecStart"].split()
        self.assertEqual(words[1:], ["-n", "--pidfile=", "heart", "--config", DEFAULT_FILE])
        self.assertTrue(words[0].endswith("/twistd"), words)
        self.assertEqual(self.service["Type"], "simple")

    def test_folders(self) -> None:
        """systemd makes the folders that the daemon uses, and keeps what it holds over a restart."""
        self.assertEqual(f"/run/{self.service['RuntimeDirectory']}", str(SYSTEM.run))
        self.assertEqual(f"/var/lib/{self.service['StateDirectory']}", str(SYSTEM.state))
        self.assertEqual(self.service["RuntimeDirectoryPreserve"], "yes")

    def test_end(self) -> None:
        """SIGTERM goes to the daemon alone, which comes back whenever it has ended unasked."""
        self.assertEqual((self.service["KillMode"], self.service["Restart"]), ("mixed", "always"))

    def test_priority_is_not_inherited(self) -> None:
        """Scripts do not run with the daemon's real-time priority."""
        self.assertEqual(self.service["CPUSchedulingPolicy"], "rr")
        self.assertEqual(self.service["CPUSchedulingResetOnFork"], "true")

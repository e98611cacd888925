"""The cable between the nodes carries, is cut, makes noise, and is pulled: without root."""

from __future__ import annotations

import os
import select
import tty
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.whole.cable import Cable, Noise

SECONDS = 10.0


def open_end(path: Path) -> int:
    """Open one end as a daemon does."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(descriptor)
    return descriptor


def comes_out(descriptor: int, seconds: float) -> bytes:
    """What comes out of an end within that time; nothing where nothing does."""
    ready = select.select([descriptor], [], [], seconds)[0]
    return os.read(descriptor, 4096) if ready else b""


class CableTests(SynchronousTestCase):
    """A cable with both ends open."""

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.cable = Cable(folder, ("alpha", "beta"))
        self.addCleanup(self.cable.remove)
        self.ends = {name: self.open(name) for name in ("alpha", "beta")}

    def open(self, name: str) -> int:
        """Open an end, to be closed after the test."""
        descriptor = open_end(self.cable.device(name))
        self.addCleanup(os.close, descriptor)
        return descriptor

    def carry(self, sender: str, receiver: str, data: bytes, seconds: float = SECONDS) -> bytes:
        """What comes out at one end of what is written to the other."""
        os.write(self.ends[sender], data)
        return comes_out(self.ends[receiver], seconds)

    def test_carries(self) -> None:
        """What is written to an end comes out of the other, in both directions, whatever bytes it has."""
        everything = bytes(range(256))
        self.assertEqual(self.carry("alpha", "beta", everything), everything)
        self.assertEqual(self.carry("beta", "alpha", everything), everything)

    def test_cut(self) -> None:
        """Nothing passes a cut cable, and nothing of that comes out later."""
        self.cable.cut()
        self.assertEqual(self.carry("alpha", "beta", b"lost", 0.3), b"")
        self.cable.heal()
        self.assertEqual(self.carry("alpha", "beta", b"beat"), b"beat")

    def test_noise(self) -> None:
        """Noise spoils what passes, and tells how often it did."""
        noise = Noise(0.5)
        self.cable.make_noise(noise)
        self.assertNotIn(b"beat" * 20, self.carry("alpha", "beta", b"beat" * 20))
        self.assertTrue(noise.spoilt)

    def test_pulled(self) -> None:
        """A pulled end hangs up on who has it open; plugged in again it carries under the same path."""
        self.cable.unplug("beta")
        self.assertFalse(self.cable.device("beta").is_symlink())
        self.assertTrue(select.select([self.ends["beta"]], [], [], SECONDS)[0])
        self.assertRaises(OSError, os.write, self.ends["beta"], b"beat")
        self.cable.plug("beta")
        self.ends["beta"] = self.open("beta")
        self.assertEqual(self.carry("alpha", "beta", b"beat"), b"beat")

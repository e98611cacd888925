"""The LAN and the null-modem cable of the demo."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.demo.wires import SWITCH, Cable, Carrier, End, Lan

EVERY_BYTE = bytes(range(256))
DEADLINE = 10.0
TIOCGEXCL = 0x80045440  # ioctl_tty(2)


class Ear:
    """A socket like that of a node: on every address of the port, which it shares."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(DEADLINE)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("", port))

    def say(self, datagram: bytes, port: int) -> None:
        self.socket.sendto(datagram, (SWITCH, port))

    def hear(self) -> bytes:
        return self.socket.recv(2048)


class LanTests(SynchronousTestCase):
    """Datagrams through the switch, carried by hand."""

    def setUp(self) -> None:
        self.lan = Lan()
        self.addCleanup(self.lan.close)
        self.alpha, self.beta = Ear(self.lan.port), Ear(self.lan.port)
        self.addCleanup(self.alpha.socket.close)
        self.addCleanup(self.beta.socket.close)

    def test_broadcast(self) -> None:
        """What one node sends, both hear, as on any broadcast domain."""
        self.alpha.say(b"a beat", self.lan.port)
        self.lan.carry()
        self.assertEqual([self.alpha.hear(), self.beta.hear()], [b"a beat", b"a beat"])

    def test_cut_and_restored(self) -> None:
        """Nothing passes while it is cut, not even later; all passes again when it is restored."""
        self.lan.cut()
        self.alpha.say(b"lost", self.lan.port)
        self.lan.carry()
        self.lan.restore()
        self.beta.say(b"heard", self.lan.port)
        self.lan.carry()
        self.assertEqual([self.alpha.hear(), self.beta.hear()], [b"heard", b"heard"])

    def test_nothing_to_carry(self) -> None:
        """It does not wait for a datagram that is not there, nor hears its own broadcasts."""
        self.lan.carry()
        self.alpha.say(b"once", self.lan.port)
        self.lan.carry()
        self.lan.carry()
        self.assertEqual(self.beta.hear(), b"once")
        self.beta.socket.setblocking(False)
        self.assertRaises(BlockingIOError, self.beta.hear)


class CableCase(SynchronousTestCase):
    """A cable in a folder of its own."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hd-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.one, self.other = self.folder / "cable-alpha", self.folder / "cable-beta"
        self.cable = Cable(self.one, self.other)

    def open(self, path: Path) -> int:
        """Open a device as a node does."""
        line = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.addCleanup(self.shut, line)
        return line

    def shut(self, line: int) -> None:
        """Close a device, if it is not closed yet."""
        try:
            os.close(line)
        except OSError:
            return


class CableTests(CableCase):
    """Bytes through the cable, carried by hand."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.cable.close)

    def test_every_byte_passes(self) -> None:
        """A frame of any bytes arrives as it was sent, both ways: the line is raw, also when reopened."""
        self.shut(self.open(self.one))
        alpha, beta = self.open(self.one), self.open(self.other)
        os.write(alpha, EVERY_BYTE)
        self.assertTrue(self.cable.carry(self.cable.ends[0]))
        self.assertEqual(os.read(beta, 1024), EVERY_BYTE)
        os.write(beta, EVERY_BYTE)
        self.assertTrue(self.cable.carry(self.cable.ends[1]))
        self.assertEqual(os.read(alpha, 1024), EVERY_BYTE)

    def test_cut_and_restored(self) -> None:
        """Nothing passes while it is cut, not even later; all passes again when it is restored."""
        alpha, beta = self.open(self.one), self.open(self.other)
        self.cable.cut()
        os.write(alpha, b"lost")
        self.cable.carry(self.cable.ends[0])
        self.cable.restore()
        os.write(alpha, b"heard")
        self.cable.carry(self.cable.ends[0])
        self.assertEqual(os.read(beta, 1024), b"heard")

    def test_hung_up(self) -> None:
        """An end that nobody has open says so; what is sent to it is lost, not kept for the next one."""
        alpha, end = self.open(self.one), self.cable.ends[1]
        self.assertFalse(end.is_open())
        self.assertFalse(self.cable.carry(end))
        os.write(alpha, b"to nobody")
        self.cable.carry(self.cable.ends[0])
        beta = self.open(self.other)
        self.assertTrue(end.is_open())
        self.assertRaises(BlockingIOError, os.read, beta, 1024)
        os.close(beta)
        self.assertFalse(end.is_open())

    def test_reader_that_is_stuck(self) -> None:
        """What a node does not read is lost when there is no more room; the cable never waits for it."""
        alpha, _ = self.open(self.one), self.open(self.other)
        for _ in range(100):
            os.write(alpha, EVERY_BYTE)
            self.assertTrue(self.cable.carry(self.cable.ends[0]))

    def test_not_in_use(self) -> None:
        """This process has no end's device open: a node would refuse a line that another process has open."""
        devices = {str(path.readlink()) for path in (self.one, self.other)}
        opened = {str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
        self.assertEqual(devices & opened, set())


class CarrierTests(CableCase):
    """The thread that carries both."""

    def setUp(self) -> None:
        super().setUp()
        self.lan = Lan()
        self.looks = 0
        self.patch(self.cable, "carry", self.counted)
        self.carrier = Carrier(self.lan, self.cable)
        self.carrier.start()
        self.stop_once = [self.carrier.stop]
        self.addCleanup(self.stop)
        self.ear = Ear(self.lan.port)
        self.addCleanup(self.ear.socket.close)

    def stop(self) -> None:
        """Stop the thread, if it runs."""
        while self.stop_once:
            self.stop_once.pop()()

    def counted(self, end: End) -> bool:
        """Carry, and count how often."""
        self.looks += 1
        return Cable.carry(self.cable, end)

    def hang_up(self, line: int) -> None:
        """Close alpha's end, and wait until the thread has seen it."""
        self.until(lambda: not self.carrier.rests(self.cable.ends[0]), "the thread saw the line opened")
        os.close(line)
        self.until(lambda: self.carrier.rests(self.cable.ends[0]), "the thread saw the line hung up")

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        end = time.monotonic() + DEADLINE
        while not true():
            self.assertLess(time.monotonic(), end, f"waited in vain: {what}")
            time.sleep(0.005)

    def exclusive(self, line: int) -> int:
        """Whether the line is open to nobody else (but root)."""
        (answer,) = struct.unpack("i", fcntl.ioctl(line, TIOCGEXCL, bytes(4)))
        return int(answer)

    def read(self, line: int) -> bytes:
        """What comes out of a device next."""
        os.set_blocking(line, True)
        got: list[bytes] = []
        reading = threading.Thread(target=lambda: got.append(os.read(line, 1024)), daemon=True)
        reading.start()
        reading.join(DEADLINE)
        self.assertTrue(got, "nothing came out of the cable")
        return got[0]

    def test_both_carried(self) -> None:
        """One thread carries the LAN and the cable, also after a node closed its end and opened it again."""
        self.ear.say(b"a beat", self.lan.port)
        self.assertEqual(self.ear.hear(), b"a beat")
        beta = self.open(self.other)
        for frame in (b"first life", b"second life"):
            alpha = self.open(self.one)
            os.write(alpha, frame)
            self.assertEqual(self.read(beta), frame)
            self.hang_up(alpha)

    def test_free_again(self) -> None:
        """A node that was killed does not keep the next one from opening its line, though it locked it."""
        line = self.open(self.one)
        fcntl.ioctl(line, termios.TIOCEXCL)
        self.assertEqual(self.exclusive(line), 1)
        self.hang_up(line)
        self.assertEqual(self.exclusive(self.open(self.one)), 0)

    def test_hung_up_end_rests(self) -> None:
        """An end that is hung up does not keep the thread busy."""
        self.hang_up(self.open(self.one))
        for _ in range(200):
            self.ear.say(b"a beat", self.lan.port)
            self.ear.hear()
        self.assertLess(self.looks, 10)

    def test_stop(self) -> None:
        """When it was stopped, the thread is gone and the devices are too."""
        self.stop()
        self.assertNotIn("wires", [thread.name for thread in threading.enumerate()])
        self.assertEqual([os.path.lexists(self.one), os.path.lexists(self.other)], [False, False])
        self.assertEqual(self.lan.fileno(), -1)

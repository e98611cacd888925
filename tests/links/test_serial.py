"""Tests of heart.links.serial and heart.links.line, on ptys."""

from __future__ import annotations

import errno
import fcntl
import grp
import os
import select
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import serial
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock, deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from heart.config.model import SerialLink as Settings
from heart.interfaces import ILink
from heart.links.framing import enclose
from heart.links.line import LineUnusable, close_line, open_line
from heart.links.serial import STALL, SerialLink
from tests.links.behaviours import LinkBehaviours
from tests.links.wires import LinkTestCase, Notes, NullModem, Stranger, reactor

TIOCGEXCL = 0x80045440  # asm-generic/ioctls.h


class SerialTestCase(LinkTestCase):
    """A test with a cable."""

    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.cable = NullModem(folder)
        self.addCleanup(self.cable.remove)

    def make_link(self, path: Path, baud: int = 115200) -> SerialLink:
        """A link on that device."""
        return SerialLink(Settings("cable", ("a", "b"), str(path), baud), reactor, self.in_thread)


class RealSerialTests(LinkBehaviours, SerialTestCase):
    """The real link, on both ends of a cable."""

    def make_pair(self) -> tuple[SerialLink, SerialLink]:
        return self.make_link(self.cable.a.path), self.make_link(self.cable.b.path)

    def make_dead(self) -> tuple[ILink, str]:
        absent = self.cable.a.path.with_name("ttyAbsent")
        return self.make_link(absent), str(absent)

    def feed_without_reactor(self, one: ILink, two: ILink, frame: bytes) -> None:
        self.cable.b.put(enclose(frame))
        self.assertTrue(select.select([two.descriptor() or 0], [], [], 5)[0])

    def test_settings_of_the_line(self) -> Deferred[None]:
        """Every baud rate is set; eight bits, no parity, one stop bit, raw, no flow control."""
        return self.run_coroutine(self._settings_of_the_line())

    async def _settings_of_the_line(self) -> None:
        for baud in (9600, 19200, 38400, 57600, 115200, 230400, 460800):
            link = self.make_link(self.cable.a.path, baud)
            await self.open(link)
            attributes = termios.tcgetattr(link.descriptor() or 0)
            speed = getattr(termios, f"B{baud}")
            self.assertEqual(attributes[4:6], [speed, speed])
            frame = termios.CSIZE | termios.PARENB | termios.CSTOPB | termios.CRTSCTS | termios.CLOCAL
            self.assertEqual(attributes[2] & frame, termios.CS8 | termios.CLOCAL)
            self.assertEqual(attributes[1] & termios.OPOST, 0)
            self.assertEqual(attributes[3] & (termios.ICANON | termios.ECHO | termios.ISIG), 0)
            spoilers = termios.IXON | termios.IXOFF | termios.ICRNL | termios.BRKINT | termios.ISTRIP
            self.assertEqual(attributes[0] & spoilers, 0)
            self.assertEqual(attributes[6][termios.VMIN], 1, "a read of nothing is EAGAIN")
            await link.stop()

    def test_noise(self) -> Deferred[None]:
        """Noise between frames costs none of them, and is counted."""
        return self.run_coroutine(self._noise())

    async def _noise(self) -> None:
        one, two = self.make_pair()
        await self.open(one)
        heard = await self.open(two)
        for count in (1, 2, 3):
            self.cable.b.put(b"\xf3noise" * count)
            self.assertTrue(one.send(b"beat"))
            await self.until(lambda count=count: len(heard.frames) >= count, f"{count} frames arrive")  # type: ignore[misc]
        self.assertEqual(heard.frames, [b"beat"] * 3)
        self.assertEqual(two.damaged, 3)

    def test_cut_is_silence(self) -> Deferred[None]:
        """A cut cable is silence, not an event; restored, it carries again without more ado."""
        return self.run_coroutine(self._cut_is_silence())

    async def _cut_is_silence(self) -> None:
        one, two = self.make_pair()
        await self.open(one)
        heard = await self.open(two)
        self.cable.cut()
        one.send(b"lost")
        await deferLater(reactor, 0.05)
        self.cable.restore()
        one.send(b"heard")
        await self.until(lambda: heard.frames, "the frame after the cut")
        self.assertEqual(heard.frames, [b"heard"])
        self.assertEqual(heard.told, [("up", "")])

    def test_unplug_and_replug(self) -> Deferred[None]:
        """A device that is pulled out is told by name; put back under the same path, it is used again."""
        return self.run_coroutine(self._unplug_and_replug())

    async def _unplug_and_replug(self) -> None:
        one, two = self.make_pair()
        first = await self.open(one)
        second = await self.open(two)
        for count in (1, 2):
            self.cable.a.unplug()
            await self.until(lambda: "is not there" in first.told[-1][1], "its absence is told")
            self.assertFalse(one.send(b"beat"))
            self.assertIsNone(one.descriptor())
            self.cable.a.plug()
            await self.until(lambda: first.up, "it is up again")
            self.assertTrue(one.send(b"beat"))
            await self.until(lambda count=count: len(second.frames) == count, "the other hears")  # type: ignore[misc]
            two.send(b"answer")
            await self.until(lambda count=count: len(first.frames) == count, "it hears")  # type: ignore[misc]
        path = str(self.cable.a.path)
        self.assertIn(f"{path} was lost", first.reasons[0])
        self.assertEqual(first.reasons[1::2], [f"{path} is not there"] * 2)
        self.assertEqual(second.reasons, [])

    def test_lost_while_sending(self) -> Deferred[None]:
        """A device that goes while frames are sent takes the link down without an exception."""
        return self.run_coroutine(self._lost_while_sending())

    async def _lost_while_sending(self) -> None:
        one, two = self.make_pair()
        notes, heard = await self.open(one), await self.open(two)
        self.assertTrue(one.send(b"beat"))
        await self.until(lambda: heard.frames, "the first frame arrives")
        self.cable.a.unplug()
        self.assertFalse(one.send(b"beat"))
        self.assertEqual(one.skipped, 1)
        self.assertEqual(notes.reasons, [f"{self.cable.a.path} was lost: Input/output error"])


class StuckTests(SerialTestCase):
    """A line that takes nothing, or gives too much."""

    def test_stuck_line(self) -> Deferred[None]:
        """On a line that takes nothing at most one frame waits in the process, and the rest is skipped."""
        return self.run_coroutine(self._stuck_line())

    async def _stuck_line(self) -> None:
        link, notes = self.make_link(self.cable.a.path), Notes()
        link.start(notes)
        self.addCleanup(link.stop)
        await self.until(lambda: notes.up, "it is up")
        self.cable.a.ignore()
        frame = bytes(range(1, 161))
        waiting = []
        for _ in range(1000):
            link.send(frame)
            await deferLater(reactor, 0)
            port = link._port
            assert port is not None
            waiting.append(len(port.dataBuffer) + port._tempDataLen)
        self.assertTrue(0 < max(waiting) <= len(enclose(frame)))
        self.assertGreater(link.skipped, 500)
        self.assertTrue(notes.up)
        self.cable.a.listen()
        await self.until(lambda: link.send(frame), "it takes frames again")

    def test_stop_of_a_stuck_line(self) -> Deferred[None]:
        """A line on which output is pending is closed without waiting for it."""
        return self.run_coroutine(self._stop_of_a_stuck_line())

    async def _stop_of_a_stuck_line(self) -> None:
        link, notes = self.make_link(self.cable.a.path), Notes()
        link.start(notes)
        await self.until(lambda: notes.up, "it is up")
        self.cable.a.ignore()
        for _ in range(300):
            link.send(b"\xff" * 160)
            await deferLater(reactor, 0)
        begun = reactor.seconds()
        await link.stop()
        self.assertLess(reactor.seconds() - begun, 2.0)
        self.assertIsNone(link.descriptor())

    def test_busy_in_the_kernel(self) -> Deferred[None]:
        """Output that waits in the kernel's queue alone keeps the next frame back too."""
        return self.run_coroutine(self._busy_in_the_kernel())

    async def _busy_in_the_kernel(self) -> None:
        link, notes = self.make_link(self.cable.a.path), Notes()
        link.start(notes)
        self.addCleanup(link.stop)
        await self.until(lambda: notes.up, "it is up")
        queue = [140]  # a pty says 0 whatever waits in it, so the answer is given for it
        real = fcntl.ioctl

        def ioctl(fd: Any, request: int, *args: Any) -> Any:
            return struct.pack("i", queue[0]) if request == termios.TIOCOUTQ else real(fd, request, *args)

        self.patch(fcntl, "ioctl", ioctl)
        self.assertFalse(link.send(b"beat"))
        queue[0] = 0
        self.assertTrue(link.send(b"beat"))
        self.assertEqual(link.skipped, 1)

    def test_two_in_one_turn(self) -> Deferred[None]:
        """The second of two frames in one turn of the reactor is not queued behind the first."""
        return self.run_coroutine(self._two_in_one_turn())

    async def _two_in_one_turn(self) -> None:
        link, notes = self.make_link(self.cable.a.path), Notes()
        link.start(notes)
        self.addCleanup(link.stop)
        await self.until(lambda: notes.up, "it is up")
        self.assertEqual([link.send(b"beat"), link.send(b"beat")], [True, False])


class LockTests(SerialTestCase):
    """A line is one process's."""

    async def _refused(self, link: SerialLink) -> tuple[Notes, str]:
        notes = Notes()
        link.start(notes)
        self.addCleanup(link.stop)
        await self.until(lambda: notes.told, "something is told")
        self.assertFalse(notes.up)
        return notes, notes.reasons[0]

    def test_in_use(self) -> Deferred[None]:
        """A device that another process has open, with no lock at all, is refused with that process."""
        return self.run_coroutine(self._in_use())

    async def _in_use(self) -> None:
        path = str(self.cable.a.path)
        with Stranger(self.cable.a.path) as stranger:
            notes, reason = await self._refused(self.make_link(self.cable.a.path))
            self.assertRegex(reason, rf"^{path} is in use by pid {stranger.pid} \(.+\)$")
        await self.until(lambda: notes.up, "it is up once the other has gone")

    def test_locked(self) -> Deferred[None]:
        """A device that is locked with flock is refused, and taken when the lock is given back."""
        return self.run_coroutine(self._locked())

    async def _locked(self) -> None:
        other = os.open(self.cable.a.path, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, other)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        notes, reason = await self._refused(self.make_link(self.cable.a.path))
        self.assertEqual(reason, f"{self.cable.a.path} is locked by another process")
        fcntl.flock(other, fcntl.LOCK_UN)
        await self.until(lambda: notes.up, "it is up")

    def test_two_links(self) -> Deferred[None]:
        """A second link on a device is refused while the first has it."""
        return self.run_coroutine(self._two_links())

    async def _two_links(self) -> None:
        first, notes = self.make_link(self.cable.a.path), Notes()
        first.start(notes)
        await self.until(lambda: notes.up, "the first is up")
        later, reason = await self._refused(self.make_link(self.cable.a.path))
        self.assertIn("is locked by another process", reason)
        await first.stop()
        await self.until(lambda: later.up, "the second is up")

    def test_exclusive(self) -> Deferred[None]:
        """An open line is exclusive to the kernel, and is so no more when closed, though one inherited it."""
        return self.run_coroutine(self._exclusive())

    async def _exclusive(self) -> None:
        link, notes = self.make_link(self.cable.a.path), Notes()
        link.start(notes)
        await self.until(lambda: notes.up, "it is up")
        inherited = os.dup(link.descriptor() or 0)
        self.addCleanup(os.close, inherited)
        self.assertEqual(self._exclusively(inherited), 1)
        await link.stop()
        self.assertEqual(self._exclusively(inherited), 0)
        again, notes = self.make_link(self.cable.a.path), Notes()
        again.start(notes)
        self.addCleanup(again.stop)
        await self.until(lambda: notes.up, "another is up, though the first descriptor is still held")

    def _exclusively(self, descriptor: int) -> int:
        value: int = struct.unpack("i", fcntl.ioctl(descriptor, TIOCGEXCL, bytes(4)))[0]
        return value


class OpenLineTests(SynchronousTestCase):
    """What open_line says of a device that it cannot have."""

    def _refusal(self, device: str) -> str:
        return str(self.assertRaises(LineUnusable, open_line, device, 9600))

    def test_absent(self) -> None:
        """A path that leads nowhere."""
        self.assertEqual(self._refusal("/dev/ttyAbsent"), "/dev/ttyAbsent is not there")

    def test_not_a_line(self) -> None:
        """A file, a folder, and a device that is no line."""
        file = Path(self.mktemp())
        file.touch()
        for path in (str(file), "/dev", "/dev/null"):
            self.assertEqual(self._refusal(path), f"{path} is not a serial line")

    def test_errors_of_the_system(self) -> None:
        """Each error that an open can end with is one clear line, wherever pyserial hides its number."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        device = os.ttyname(slave)
        group = grp.getgrgid(os.fstat(slave).st_gid).gr_name
        expected = {
            errno.EACCES: f"{device}: no permission; run as root or as a member of its group {group}",
            errno.EBUSY: f"{device} is locked by another process",
            errno.ENXIO: f"{device} is not there",
            errno.EIO: f"{device}: Input/output error",
        }
        for number, line in expected.items():
            for raising in (self._open_shown, self._open_hidden):
                self.patch(serial, "Serial", raising(number))
                self.assertEqual(self._refusal(device), line)

    def test_exclusive_to_another(self) -> None:
        """A device that the kernel keeps for another process is refused with that process."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        device = os.ttyname(slave)

        def refuse(path: str, *_: Any) -> int:
            raise OSError(errno.EBUSY, "Device or resource busy", path)

        with Stranger(Path(device)) as stranger:
            self.patch(os, "open", refuse)  # root is not refused, so it is done for it
            self.assertIn(f"in use by pid {stranger.pid}", self._refusal(device))

    def _open_shown(self, number: int) -> Callable[..., Any]:
        def fake(*_: Any, **__: Any) -> Any:
            raise serial.SerialException(number, "could not open port")

        return fake

    def _open_hidden(self, number: int) -> Callable[..., Any]:
        def fake(*_: Any, **__: Any) -> Any:
            try:
                raise termios.error(number, "as tcgetattr says it")
            except termios.error as error:
                raise serial.SerialException(f"Could not configure port: {error}")  # noqa: B904

        return fake

    def test_close_throws_output_away(self) -> None:
        """What waits to be sent is thrown away while the line is open still: close(2) would wait for it."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        opened = open_line(os.ttyname(slave), 9600)
        flushed = []
        self.patch(termios, "tcflush", lambda fd, queue: flushed.append((fd, queue, opened.is_open)))
        descriptor = opened.fileno()
        close_line(opened)
        self.assertEqual(flushed, [(descriptor, termios.TCIOFLUSH, True)])
        self.assertFalse(opened.is_open)

    def test_close_twice(self) -> None:
        """A line that is closed already, or whose device has gone, is closed without an exception."""
        master, slave = os.openpty()
        opened = open_line(os.ttyname(slave), 9600)
        os.close(slave)
        os.close(master)
        close_line(opened)
        self.assertFalse(opened.is_open)
        close_line(opened)


class ClockTests(SynchronousTestCase):
    """A link whose opening is faked, on a clock."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.notes = Notes()
        self.opening: list[Deferred[Any]] = []
        self.closing: Deferred[None] = succeed(None)
        self.settings = Settings("cable", ("a", "b"), "/dev/ttyS9", 9600)
        self.link = SerialLink(self.settings, self.clock, self._in_thread)

    def _in_thread(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Deferred[Any]:
        if work is close_line:
            return self.closing.addCallback(lambda _: close_line(*args))
        self.opening.append(Deferred())
        return self.opening[-1]

    def test_interface(self) -> None:
        """It provides ILink."""
        verifyObject(ILink, self.link)

    def test_backoff(self) -> None:
        """A line that cannot be opened is tried with backoff, and told once for each reason."""
        self.link.start(self.notes)
        times = []
        for count in range(7):
            times.append(self.clock.seconds())
            reason = "/dev/ttyS9 is not there" if count < 4 else "/dev/ttyS9: no permission"
            self.opening.pop().errback(Failure(LineUnusable(reason)))
            for _ in range(40):
                if not self.opening:
                    self.clock.advance(0.25)
        self.assertEqual(times, [0.0, 0.25, 0.75, 1.75, 3.75, 7.75, 12.75])
        self.assertEqual(self.notes.reasons, ["/dev/ttyS9 is not there", "/dev/ttyS9: no permission"])
        self.link.stop()

    def test_stalled_opening(self) -> None:
        """An opening that does not end is told; nothing else is tried meanwhile; its end is still of use."""
        self.link.start(self.notes)
        self.clock.advance(STALL)
        self.assertEqual(self.notes.reasons, ["/dev/ttyS9 does not answer: opening it stalls"])
        self.clock.advance(60)
        self.assertEqual(len(self.opening), 1)
        self.opening.pop().errback(Failure(LineUnusable("/dev/ttyS9 is not there")))
        self.clock.advance(0.25)
        self.assertEqual(len(self.opening), 1)
        self.link.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_waits_for_opening(self) -> None:
        """A stop during an opening fires when that has ended, and what was opened is closed."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.link.start(self.notes)
        stopped = self.link.stop()
        self.assertNoResult(stopped)
        opened = open_line(os.ttyname(slave), 9600)
        os.close(slave)
        self.opening.pop().callback(opened)
        self.successResultOf(stopped)
        self.assertFalse(opened.is_open)
        self.assertEqual(self.notes.told, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closing_stalls(self) -> None:
        """Closing is the thread's: while it stalls nothing is tried, and a stop waits for it."""
        master, slave = os.openpty()
        opened = open_line(os.ttyname(slave), 9600)
        os.close(slave)
        os.close(master)
        self.closing = Deferred()
        self.link.start(self.notes)
        self.opening.pop().callback(opened)
        self.clock.advance(60)
        self.assertEqual(self.opening, [])
        self.assertTrue(opened.is_open)
        stopped = self.link.stop()
        self.assertNoResult(stopped)
        self.closing.callback(None)
        self.successResultOf(stopped)
        self.assertFalse(opened.is_open)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_unexpected_fault(self) -> None:
        """Whatever goes wrong in the thread is a reason, and is tried again."""
        self.link = SerialLink(self.settings, self.clock, lambda *_, **__: fail(ValueError("surprise")))
        self.link.start(self.notes)
        self.assertEqual(self.notes.reasons, ["/dev/ttyS9: surprise"])
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_lost_between_opening_and_use(self) -> None:
        """A device that goes while it is handed over is told, closed and tried again."""
        master, slave = os.openpty()
        opened = open_line(os.ttyname(slave), 9600)
        os.close(slave)
        os.close(master)
        self.link.start(self.notes)
        self.opening.pop().callback(opened)
        self.assertEqual(self.notes.reasons, ["/dev/ttyS9 was lost: Input/output error"])
        self.assertFalse(opened.is_open)
        self.clock.advance(0.25)
        self.assertEqual(len(self.opening), 1)
        self.link.stop()

    def test_hung_up(self) -> None:
        """A hang-up that the reactor sees is told in these words."""
        self.assertIn("hung up", self.link._lost_reason(ConnectionLost()))

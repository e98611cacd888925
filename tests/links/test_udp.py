"""Tests of heart.links.udp and heart.links.datagrams."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from heart.config.model import UdpLink as Settings
from heart.interfaces import ILink
from heart.links.datagrams import BATCH, Address, Reader
from heart.links.domains import Broadcast, broadcast_socket
from heart.links.udp import LOOK, UdpLink
from heart.linux.interfaces import Interface, InterfaceUnusable
from tests.links.behaviours import LinkBehaviours
from tests.links.wires import LinkTestCase, Notes, free_port, reactor

EVERYBODY = "127.255.255.255"


class RealUdpTests(LinkBehaviours, LinkTestCase):
    """The real link, on the loopback's broadcast address."""

    def make_pair(self) -> tuple[ILink, ILink]:
        settings = Settings("lan", ("a", "b"), free_port(), broadcast=EVERYBODY)
        return UdpLink(settings, reactor, self.in_thread), UdpLink(settings, reactor, self.in_thread)

    def make_dead(self) -> tuple[ILink, str]:
        settings = Settings("lan", ("a", "b"), free_port(), interface="hh-absent")
        return UdpLink(settings, reactor, self.in_thread), "hh-absent"

    def test_own_broadcasts_return(self) -> Deferred[None]:
        """What a link sends comes back to it too."""
        return self.run_coroutine(self._own_broadcasts_return())

    async def _own_broadcasts_return(self) -> None:
        one, _ = self.make_pair()
        notes = await self.open(one)
        one.send(b"beat")
        await self.until(lambda: notes.frames == [b"beat"], "it comes back, and the trial datagram does not")

    def test_too_long_a_datagram(self) -> Deferred[None]:
        """A datagram longer than a frame may be is handed over at a length that is no frame's."""
        return self.run_coroutine(self._too_long_a_datagram())

    async def _too_long_a_datagram(self) -> None:
        one, _ = self.make_pair()
        notes = await self.open(one)
        one.send(bytes(9000))
        await self.until(lambda: notes.frames, "it arrives")
        self.assertEqual(len(notes.frames[0]), 1201)

    def test_timers_run_in_a_flood(self) -> Deferred[None]:
        """A timer that is due runs while datagrams wait: one wake-up takes a batch, not all of them."""
        return self.run_coroutine(self._timers_run_in_a_flood())

    async def _timers_run_in_a_flood(self) -> None:
        one, _ = self.make_pair()
        notes = await self.open(one)
        for _ in range(5 * BATCH):
            self.assertTrue(one.send(b"flood"))
        seen: list[int] = []
        reactor.callLater(0, lambda: seen.append(len(notes.frames)))
        await self.until(lambda: len(notes.frames) == 5 * BATCH, "all arrive")
        self.assertLessEqual(seen[0], 2 * BATCH)


class FaultySocket(socket.socket):
    """A real socket, in which sending or receiving fails as told by the class."""

    send_error: int | None = None
    receive_error: int | None = None

    def sendto(self, *args: Any) -> int:
        """Send, or fail."""
        if FaultySocket.send_error is not None:
            raise OSError(FaultySocket.send_error, "injected")
        return super().sendto(*args)

    def recv(self, *args: Any) -> bytes:
        """Receive, or fail."""
        if FaultySocket.receive_error is not None:
            raise OSError(FaultySocket.receive_error, "injected")
        return super().recv(*args)


class FaultyBroadcast(Broadcast):
    """The loopback's broadcast address, with faulty sockets; counts those that it made."""

    def __init__(self, port: int) -> None:
        super().__init__(EVERYBODY, port)
        self.port = port
        self.opened: list[Interface | None] = []

    def open(self, interface: Interface | None) -> socket.socket:
        """A faulty socket for the loopback, whatever the interface."""
        self.opened.append(interface)
        real = super().open(None)
        return FaultySocket(real.family, real.type, 0, fileno=real.detach())


class WatchedBroadcast(FaultyBroadcast):
    """The same on an interface that is only said to be there; its looks are counted."""

    watched = True

    def __init__(self, port: int, found: Interface | Exception, joins: bool = False) -> None:
        super().__init__(port)
        self.found = found
        self.joins = joins
        self.looks = 0

    def look(self) -> Interface:
        """What was found, or the fault."""
        self.looks += 1
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def target(self, interface: Interface | None) -> Address:
        """The broadcast address that the interface has."""
        return ("" if interface is None else interface.broadcast, self.port)

    def describe(self, interface: Interface | None) -> str:
        """The interface."""
        return "interface eth9"


class FaultTests(SynchronousTestCase):
    """A link on a clock, with a real socket whose system calls fail on demand."""

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.port = free_port()
        self.notes = Notes()
        self.patch(FaultySocket, "send_error", None)
        self.patch(FaultySocket, "receive_error", None)
        self.domain = FaultyBroadcast(self.port)

    def _start(self) -> UdpLink:
        settings = Settings("lan", ("a",), self.port, broadcast=EVERYBODY)
        link = UdpLink(settings, self.reactor, self._no_thread, self.domain)
        link.start(self.notes)
        self.addCleanup(link.stop)
        return link

    def _no_thread(self, *_: Any, **__: Any) -> Deferred[Any]:
        raise RuntimeError("a link by address needs no thread")

    def test_interface(self) -> None:
        """The link provides ILink, its reader IReadDescriptor."""
        verifyObject(ILink, self._start())
        (reader,) = self.reactor.getReaders()
        verifyObject(IReadDescriptor, reader)

    def test_send_errors(self) -> None:
        """Each error of a send takes the link down with its reason; a working send takes it up again."""
        link = self._start()
        for error in (errno.ENETUNREACH, errno.ENETDOWN, errno.ENODEV, errno.EPERM, errno.EIO):
            FaultySocket.send_error = error
            self.assertFalse(link.send(b"beat"))
            self.assertFalse(self.notes.up)
            FaultySocket.send_error = None
            self.reactor.advance(5)
            self.assertTrue(self.notes.up)
            self.assertTrue(link.send(b"beat"))
        where = f"broadcast {EVERYBODY} port {self.port}: "
        words = [reason.removeprefix(where) for reason in self.notes.reasons]
        self.assertEqual(words[0], "Network is unreachable")
        self.assertEqual(words[3], "Operation not permitted")
        self.assertEqual(len(words), 5)
        self.assertEqual(link.skipped, 5)

    def test_retries(self) -> None:
        """While sending fails it is tried at 0.25 s and on with backoff, told once, a fresh socket each."""
        link = self._start()
        FaultySocket.send_error = errno.ENETUNREACH
        link.send(b"beat")
        opened = []
        for _ in range(120):
            before = len(self.domain.opened)
            self.reactor.advance(0.125)
            if len(self.domain.opened) != before:
                opened.append(self.reactor.seconds())
        self.assertEqual(opened[:5], [0.25, 0.75, 1.75, 2.75, 3.75])
        self.assertEqual(len(self.notes.reasons), 1)
        self.assertEqual(len(self.reactor.getReaders()), 1)

    def test_another_reason(self) -> None:
        """A reason that changes while the link is down is told."""
        link = self._start()
        FaultySocket.send_error = errno.ENETUNREACH
        link.send(b"beat")
        FaultySocket.send_error = errno.EPERM
        self.reactor.advance(0.25)
        self.assertEqual([what for what, _ in self.notes.told], ["up", "down", "down"])
        self.assertIn("Operation not permitted", self.notes.reasons[-1])

    def test_down_from_the_start(self) -> None:
        """A link on which nothing can be sent is not up first."""
        FaultySocket.send_error = errno.ENETUNREACH
        self._start()
        self.assertEqual([what for what, _ in self.notes.told], ["down"])

    def test_full_is_not_down(self) -> None:
        """A send for which there is no room now is skipped, and the link stays up."""
        link = self._start()
        for error in (errno.EAGAIN, errno.ENOBUFS):
            FaultySocket.send_error = error
            self.assertFalse(link.send(b"beat"))
        FaultySocket.send_error = None
        self.assertTrue(link.send(b"beat"))
        self.assertEqual(self.notes.told, [("up", "")])
        self.assertEqual(link.skipped, 2)

    def test_hears_while_it_cannot_send(self) -> None:
        """While sending fails, what peers send is handed over."""
        link = self._start()
        peer = broadcast_socket(self.port, None)
        self.addCleanup(peer.close)
        FaultySocket.send_error = errno.EPERM
        link.send(b"beat")
        for wait in (0.0, 0.25, 0.5):
            self.reactor.advance(wait)
            peer.sendto(b"heard", (EVERYBODY, self.port))
            (reader,) = self.reactor.getReaders()
            reader.doRead()
        self.assertFalse(self.notes.up)
        self.assertEqual(self.notes.frames, [b"heard"] * 3)

    def test_nothing_lost_at_the_change(self) -> None:
        """What an old socket has received is handed over before a fresh one takes its place."""
        link = self._start()
        peer = broadcast_socket(self.port, None)
        self.addCleanup(peer.close)
        FaultySocket.send_error = errno.EPERM
        link.send(b"beat")
        peer.sendto(b"waiting", (EVERYBODY, self.port))
        self.reactor.advance(0.25)
        self.assertEqual(self.notes.frames, [b"waiting"])

    def test_receive_error(self) -> None:
        """An error of a receive is given to the reactor, which ends the socket; a fresh one is opened."""
        link = self._start()
        FaultySocket.receive_error = errno.ENETDOWN
        link.drain()
        (reader,) = self.reactor.getReaders()
        error = reader.doRead()
        self.assertIsInstance(error, OSError)
        FaultySocket.receive_error = None
        reader.connectionLost(Failure(error))
        self.assertEqual(self.reactor.getReaders(), [])
        self.assertIn("Network is down", self.notes.reasons[0])
        self.assertFalse(link.send(b"beat"))
        self.reactor.advance(0.25)
        self.assertTrue(self.notes.up)
        self.assertTrue(link.send(b"beat"))

    def test_closed_socket_is_no_loss(self) -> None:
        """The reactor's late word on a socket that was closed by us changes nothing."""
        link = self._start()
        (old,) = self.reactor.getReaders()
        FaultySocket.send_error = errno.EPERM
        link.send(b"beat")
        FaultySocket.send_error = None
        self.reactor.advance(0.25)
        self.assertIsInstance(old, Reader)
        old.connectionLost(Failure(ConnectionLost()))
        self.assertTrue(self.notes.up)
        self.assertEqual(len(self.reactor.getReaders()), 1)

    def test_one_read_is_bounded(self) -> None:
        """One wake-up takes a batch and leaves the rest; drain takes it all."""
        link = self._start()
        for _ in range(3 * BATCH):
            link.send(b"beat")
        (reader,) = self.reactor.getReaders()
        reader.doRead()
        self.assertTrue(0 < len(self.notes.frames) <= BATCH)
        link.drain()
        self.assertEqual(len(self.notes.frames), 3 * BATCH)

    def test_stop_by_the_user_in_a_frame(self) -> None:
        """A user may stop the link over its frames; nothing more is handed over."""
        link = self._start()
        for _ in range(BATCH + 3):
            link.send(b"beat")

        def stop(link_name: str, frames: Sequence[bytes]) -> None:
            self.notes.frames += frames
            self.successResultOf(link.stop())

        self.patch(self.notes, "frames_received", stop)
        (reader,) = self.reactor.getReaders()
        self.assertIsNone(reader.doRead())
        self.assertTrue(0 < len(self.notes.frames) <= BATCH)
        self.assertEqual(self.reactor.getReaders(), [])
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertEqual(self.notes.reasons, [])

    def test_port_taken(self) -> None:
        """A port that another socket does not share is told with the port."""
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(taken.close)
        taken.bind(("", 0))
        self.port = taken.getsockname()[1]
        self.domain = FaultyBroadcast(self.port)
        self._start()
        self.assertIn(f"port {self.port}: Address already in use", self.notes.reasons[0])

    def test_port_forbidden(self) -> None:
        """A port for which the permission lacks is told with what to do."""

        def forbid(interface: Interface | None) -> socket.socket:
            raise PermissionError(errno.EACCES, "Permission denied")

        self.patch(self.domain, "open", forbid)
        self._start()
        self.assertIn("needs root or CAP_NET_BIND_SERVICE", self.notes.reasons[0])


class InterfaceLinkTests(SynchronousTestCase):
    """How a link by interface follows what becomes of the interface; the looking is faked."""

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.notes = Notes()
        self.pending: Deferred[None] = succeed(None)
        self.port = free_port()
        self.domain = WatchedBroadcast(self.port, self._loopback(1))
        self.link = self._make()

    def _make(self) -> UdpLink:
        settings = Settings("lan", ("a",), self.port, interface="eth9")
        return UdpLink(settings, self.reactor, self._in_thread, self.domain)

    def tearDown(self) -> None:
        self.link.stop()

    def _loopback(self, index: int, network: str = "127.0.0.1/8") -> Interface:
        return Interface("eth9", index, network, EVERYBODY)

    def _in_thread(self, work: Any, /, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Work when `pending` fires; another call takes over a fresh one."""
        done: Deferred[Any] = Deferred()
        self.pending.addCallback(lambda _: work(*args, **kwargs)).addBoth(
            lambda result: done.errback(result) if isinstance(result, Failure) else done.callback(result)
        )
        return done

    def test_interface(self) -> None:
        """It provides ILink."""
        verifyObject(ILink, self.link)

    def test_target(self) -> None:
        """Frames go to the broadcast address that the interface has."""
        self.assertEqual(self.link.targets, (("", self.port),))
        self.link.start(self.notes)
        self.assertEqual(self.link.targets, ((EVERYBODY, self.port),))
        self.assertEqual(self.domain.opened, [self.domain.found])

    def test_looks_each_second(self) -> None:
        """An interface that stays as it is is looked at each second, and nothing is done."""
        self.link.start(self.notes)
        for _ in range(10):
            self.reactor.advance(LOOK)
        self.assertEqual(self.domain.looks, 11)
        self.assertEqual(self.notes.told, [("up", "")])
        self.assertEqual(len(self.domain.opened), 1)

    def test_goes_and_comes_back(self) -> None:
        """An interface that is deleted is told within a second, and another of that name is used."""
        self.link.start(self.notes)
        self.domain.found = InterfaceUnusable("interface eth9 is not there")
        for _ in range(8):
            self.reactor.advance(0.25)
        self.domain.found = self._loopback(2)
        for _ in range(8):
            self.reactor.advance(0.25)
        self.assertEqual(self.notes.told, [("up", ""), ("down", "interface eth9 is not there"), ("up", "")])
        self.assertEqual(self.domain.opened, [self._loopback(1), self._loopback(2)])
        self.assertEqual(len(self.reactor.getReaders()), 1)

    def test_replaced_between_looks(self) -> None:
        """Another index or address under the same name is told, and a fresh socket is opened at once."""
        self.link.start(self.notes)
        for changed in (self._loopback(2), self._loopback(2, "127.0.0.2/8")):
            self.domain.found = changed
            self.reactor.advance(LOOK)
            self.assertTrue(self.notes.up)
            self.assertEqual(self.domain.opened[-1], changed)
        self.assertEqual(
            self.notes.reasons,
            [
                "interface eth9 (127.0.0.1/8) is now 127.0.0.1/8, number 2",
                "interface eth9 (127.0.0.1/8) is now 127.0.0.2/8, number 2",
            ],
        )

    def test_backoff(self) -> None:
        """An absent interface is looked at with backoff, and told once."""
        self.domain.found = InterfaceUnusable("interface eth9 is not there")
        self.link.start(self.notes)
        times = []
        for _ in range(160):
            before = self.domain.looks
            self.reactor.advance(0.125)
            if self.domain.looks != before:
                times.append(self.reactor.seconds())
        self.assertEqual(times[:6], [0.25, 0.75, 1.75, 2.75, 3.75, 4.75])
        self.assertEqual(len(self.notes.told), 1)

    def test_a_look_that_stalls(self) -> None:
        """While the kernel lets a look wait, the link goes on as it was, and no second look is begun."""
        self.link.start(self.notes)
        self.pending = Deferred()
        for _ in range(60):
            self.reactor.advance(LOOK)
        self.assertTrue(self.link.send(b"beat"))
        self.assertEqual(self.notes.told, [("up", "")])
        self.assertEqual(self.domain.looks, 1)
        self.pending.callback(None)
        self.assertEqual(self.domain.looks, 2)
        self.pending = succeed(None)
        self.reactor.advance(LOOK)
        self.assertEqual(self.domain.looks, 3)

    def test_a_send_fails_while_a_look_stalls(self) -> None:
        """A link that goes down while a look stalls begins no second one, and is up when that look ends."""
        self.patch(FaultySocket, "send_error", None)
        self.link.start(self.notes)
        self.pending = Deferred()
        self.reactor.advance(LOOK)
        FaultySocket.send_error = errno.ENODEV
        self.link.send(b"beat")
        FaultySocket.send_error = None
        self.reactor.advance(60)
        self.assertFalse(self.notes.up)
        self.assertEqual(self.domain.looks, 1)
        self.pending.callback(None)
        self.assertEqual(self.domain.looks, 2)
        self.assertTrue(self.notes.up)

    def test_stop_waits_for_the_look(self) -> None:
        """Stop fires when the thread is done; what it found is not used."""
        self.pending = Deferred()
        self.link.start(self.notes)
        stopped = self.link.stop()
        self.assertNoResult(stopped)
        self.pending.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(self.domain.opened, [])
        self.assertEqual(self.notes.told, [])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_unexpected_fault(self) -> None:
        """Whatever goes wrong with a look is a reason, and is tried again."""
        self.domain.found = ValueError("surprise")
        self.link.start(self.notes)
        self.assertEqual(self.notes.reasons, ["interface eth9: surprise"])
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)

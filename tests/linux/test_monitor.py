"""The monitor of interfaces and addresses: on sockets that a test fills, and on the kernel's own news."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.main import CONNECTION_LOST
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from heart.linux.addresses import add_address, delete_address
from heart.linux.carrier import Carrier
from heart.linux.monitor import AGAIN, BATCH, Monitor
from heart.linux.watchlist import Watched
from tests.linux.network import enter_network, ip, other_machine, promote_secondaries, wait_until
from tests.linux.reading import LateThreads, ReadingClock

ADDRESS = "10.9.0.100/24"
WELL = 0x10001
NEWLINK, DELLINK = 16, 17
NO_CARRIER = "interface eth0 has no carrier"


class Notes:
    """Notes what a monitor tells."""

    def __init__(self) -> None:
        self.problems: list[str | None] = []
        self.changes = 0

    def interface_changed(self, problem: str | None) -> None:
        """Note it."""
        self.problems.append(problem)

    def address_changed(self) -> None:
        """Count it."""
        self.changes += 1


def eth0(flags: int = WELL, index: int = 2) -> Carrier:
    """An interface."""
    return Carrier(index, "eth0", flags, 6 if flags & 0x10000 else 2, b"\2\0\0\0\0\1")


def news(carrier: Carrier, kind: int = NEWLINK, family: int = 0) -> bytes:
    """What the kernel says of an interface."""
    state = struct.pack("=HHBxxx", 5, 16, carrier.state)
    name = struct.pack("=HH8s", 12, 3, carrier.name.encode())
    body = struct.pack("=BxHiII", family, 1, carrier.index, carrier.flags, 0) + name + state
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


class News:
    """A socket from which comes what a test has put there: packets, or errors."""

    def __init__(self, descriptor: int = 1_000) -> None:
        self.waiting: list[bytes | int] = []
        self.closed = False

    def recv(self, size: int) -> bytes:
        """The next; EAGAIN where there is none."""
        got = self.waiting.pop(0) if self.waiting else errno.EAGAIN
        if isinstance(got, int):
            raise OSError(got, os.strerror(got))
        return got

    def fileno(self) -> int:
        """One that is never used."""
        return -1 if self.closed else 1_000

    def close(self) -> None:
        """Be closed."""
        self.closed = True


class MonitorTests(SynchronousTestCase):
    """On news and looks that a test makes up."""

    def setUp(self) -> None:
        self.clock, self.threads, self.notes = ReadingClock(), LateThreads(late=True), Notes()
        self.news: list[News] = []
        self.interfaces: dict[int, Carrier] = {2: eth0()}
        self.looks = 0
        self.refusal: OSError | None = None
        self.monitor = Monitor(self.clock, self.threads, self.open, self.look)  # type: ignore[arg-type]
        self.addCleanup(
            lambda: self.assertEqual((self.clock.getDelayedCalls(), self.clock.readers), ([], []))
        )

    def open(self) -> News:
        """Open the news."""
        if self.refusal is not None:
            raise self.refusal
        self.news.append(News())
        return self.news[-1]

    def look(self) -> dict[int, Carrier]:
        """How things stand."""
        self.looks += 1
        return dict(self.interfaces)

    def watch(self, address: str = ADDRESS, interface: str = "eth0") -> Any:
        """Begin to watch; ended after the test."""
        watched = self.monitor.watch(interface, address, self.notes)
        self.addCleanup(self.end, watched)
        return watched

    def end(self, watched: Watched) -> None:
        """End a watch, unless that was done."""
        if not watched.ended:
            self.monitor.ignore(watched)

    def hear(self, *said: bytes | int) -> None:
        """Let news come, and have them read."""
        self.news[-1].waiting += said
        self.assertIsNone(self.monitor.doRead())

    def test_interface(self) -> None:
        """The reactor can read it."""
        verifyObject(IReadDescriptor, self.monitor)

    def test_told_first_and_at_changes(self) -> None:
        """How it stands is told as soon as it is known, then each change once."""
        self.watch()
        self.assertEqual(self.notes.problems, [])
        self.threads.work()
        self.assertEqual(self.notes.problems, [None])
        self.hear(news(eth0()), news(eth0(0x1)), news(eth0(0x1)), news(eth0(0)), news(eth0()))
        self.assertEqual(self.notes.problems, [None, NO_CARRIER, "interface eth0 is down", None])
        self.hear(news(eth0(), DELLINK))
        self.assertEqual(self.notes.problems[-1], "interface eth0 is not there")

    def test_second_user(self) -> None:
        """Who comes later is told at once, from what is known, and without another socket."""
        self.watch()
        self.threads.work()
        self.watch("fd00::1/64")
        self.assertEqual((self.notes.problems, len(self.news)), ([None, None], 1))

    def test_other_interfaces(self) -> None:
        """Others are no news, nor is what befalls an interface as the port of a bridge."""
        self.watch()
        self.threads.work()
        self.hear(news(Carrier(3, "eth1", 0, 2, b"")), news(eth0(0), DELLINK, family=7))
        self.assertEqual(self.notes.problems, [None])

    def test_replaced(self) -> None:
        """Another interface of the same name is looked at; the end of the old one is nothing then."""
        self.watch()
        self.threads.work()
        self.hear(news(eth0(0x1, index=5)), news(eth0(), DELLINK))
        self.assertEqual(self.notes.problems, [None, NO_CARRIER])

    def test_news_during_a_look(self) -> None:
        """What comes while it is asked how things stand is newer than the answer."""
        self.watch()
        self.threads.waiting.pop(0)()
        self.hear(news(eth0(0x1)))
        self.threads.work()
        self.assertEqual(self.notes.problems, [NO_CARRIER])

    def test_lost_news(self) -> None:
        """Where news were lost it is asked anew, but only after what had come before them was read."""
        self.watch()
        self.threads.work()
        self.hear(errno.ENOBUFS, news(eth0(0x1)))
        self.assertEqual((self.notes.problems, len(self.threads.waiting)), ([None, NO_CARRIER], 1))
        self.threads.work()
        self.assertEqual((self.notes.problems, self.looks), ([None, NO_CARRIER, None], 2))
        self.assertEqual(self.notes.changes, 2)  # addresses may have changed as well: once for each look

    def test_lost_during_a_look(self) -> None:
        """Where news were lost during a look, there is one more, and not two."""
        self.watch()
        self.threads.waiting.pop(0)()
        self.hear(errno.ENOBUFS)
        self.hear(errno.ENOBUFS)
        self.threads.work()
        self.assertEqual(self.looks, 2)

    def test_storm(self) -> None:
        """One wake-up takes in no more than a batch."""
        self.watch()
        self.threads.work()
        self.hear(*[news(eth0())] * (BATCH + 10))
        self.assertEqual(len(self.news[-1].waiting), 10)

    def test_cannot(self) -> None:
        """Where it cannot be opened that is one line, and is tried again; then all is as it should be."""
        self.refusal = PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        with capturedLogs() as events:
            self.watch()
            for _ in range(3):
                self.threads.work()
                self.clock.advance(AGAIN)
        self.assertEqual([event["why"] for event in events], ["Operation not permitted"])
        self.refusal = None
        self.threads.work()
        self.clock.advance(AGAIN)
        self.threads.work()
        self.assertEqual(self.notes.problems, [None])

    def test_broken(self) -> None:
        """A socket that breaks is opened anew later; what was known stays until then."""
        self.watch()
        self.threads.work()
        with capturedLogs():
            self.monitor.connectionLost(Failure(OSError(errno.EIO, "injected")))
        self.assertTrue(self.news[0].closed)
        self.interfaces = {}
        self.clock.advance(AGAIN)
        self.threads.work()
        self.assertEqual(self.notes.problems, [None, "interface eth0 is not there"])

    def test_reactor_ends(self) -> None:
        """The end of the reactor is no reason for a line in the log."""
        watched = self.watch()
        self.threads.work()
        with capturedLogs() as events:
            self.monitor.connectionLost(Failure(CONNECTION_LOST))
        self.assertEqual((events, self.news[0].closed), ([], True))
        self.monitor.ignore(watched)

    def test_closed_with_the_last(self) -> None:
        """The socket is closed with the last user, also where it is being opened; nobody is told any more."""
        first, second = self.watch(), self.watch()
        self.threads.work()
        self.monitor.ignore(first)
        self.hear(news(eth0(0)))
        self.assertEqual(self.notes.problems, [None, None, "interface eth0 is down"])
        self.monitor.ignore(second)
        self.assertTrue(self.news[0].closed)
        third = self.watch()
        self.monitor.ignore(third)
        self.threads.work()
        self.assertEqual([made.closed for made in self.news], [True, True])
        self.assertEqual(len(self.notes.problems), 3)

    def test_ends_within_a_call(self) -> None:
        """A user may end its watch, and that of others, while it is told something."""
        first, second = self.watch(), self.watch()

        def end(problem: str | None) -> None:
            self.monitor.ignore(first)
            self.monitor.ignore(second)

        self.notes.interface_changed = end  # type: ignore[method-assign]
        self.threads.work()
        self.assertTrue(self.news[0].closed)


class KernelTests(SynchronousTestCase):
    """On the news of the kernel, in a network of our own."""

    def setUp(self) -> None:
        enter_network(self)
        self.clock, self.notes = ReadingClock(), Notes()
        self.monitor = Monitor(self.clock, LateThreads())  # type: ignore[arg-type]

    def watch(self, address: str = ADDRESS) -> None:
        """Watch an address of hh-a; until the test ends."""
        watched = self.monitor.watch("hh-a", address, self.notes)
        self.addCleanup(self.monitor.ignore, watched)

    def until(self, true: Callable[[], object], what: str) -> None:
        """Read until something is so."""

        def so() -> object:
            self.clock.read()
            return true()

        wait_until(so, what)

    def changed_since(self, before: int) -> bool:
        """Whether more was told of addresses than then."""
        return self.notes.changes > before

    def told(self, problem: str | None) -> None:
        """Wait until that was told last."""
        self.until(lambda: self.notes.problems[-1:] == [problem], f"{problem} is told: {self.notes.problems}")

    def test_interface(self) -> None:
        """Its carrier, its being down, its end and its return are told, without being asked for."""
        other = other_machine(self)
        ip("link", "set", "hh-a", "up")
        self.watch()
        self.told(None)
        other.ip("link", "set", "hh-b", "down")
        self.told("interface hh-a has no carrier")
        other.ip("link", "set", "hh-b", "up")
        self.told(None)
        ip("link", "set", "hh-a", "down")
        self.told("interface hh-a is down")
        ip("link", "del", "hh-a")
        self.told("interface hh-a is not there")
        ip("link", "add", "hh-a", "type", "bridge")
        self.told("interface hh-a is down")
        ip("link", "set", "hh-a", "up")
        self.told(None)

    def test_port_of_a_bridge(self) -> None:
        """An interface that leaves a bridge is not gone."""
        ip("link", "add", "hh-br", "type", "bridge")
        ip("link", "set", "hh-a", "master", "hh-br")
        self.watch()
        self.told(None)
        ip("link", "set", "hh-a", "nomaster")
        ip("link", "set", "hh-a", "down")
        self.told("interface hh-a is down")
        self.assertEqual(self.notes.problems, [None, "interface hh-a is down"])

    def test_own(self) -> None:
        """The hardware addresses of this machine are known."""
        self.watch()
        self.until(lambda: self.notes.problems, "it is known")
        mac = bytes.fromhex(ip("-br", "link", "show", "dev", "hh-b").split()[2].replace(":", ""))
        self.assertTrue(self.monitor.is_own(mac))
        self.assertFalse(self.monitor.is_own(bytes.fromhex("020000000099")))

    def test_address_deleted(self) -> None:
        """That an address was deleted is told to those who have it, IPv4 and IPv6; not that it was added."""
        for address in (ADDRESS, "fd00:9::100/64"):
            self.watch(address)
            self.until(lambda: self.notes.problems, "how it stands is known")
            before = self.notes.changes
            add_address(address, "hh-a")
            ip("address", "add", "10.9.0.7/24", "dev", "hh-a")
            ip("address", "del", "10.9.0.7/24", "dev", "hh-a")
            self.clock.read()
            self.assertEqual(self.notes.changes, before)
            ip("address", "del", address, "dev", "hh-a")
            self.until(partial(self.changed_since, before), "the end is told")

    def test_put_back(self) -> None:
        """What the kernel deletes with another address, and is put back, is told, so that one looks."""
        promote_secondaries(0)
        add_address("10.9.0.99/24", "hh-a")
        add_address(ADDRESS, "hh-a")
        self.watch()
        self.until(lambda: self.notes.changes, "the first look")
        delete_address("10.9.0.99/24", "hh-a")
        self.until(lambda: self.notes.changes == 2, "it is told")

    def test_overflow(self) -> None:
        """More news than there is room for: how it stands is asked anew, and known in the end."""
        self.watch()
        self.told(None)
        small = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        small.bind((0, 0x111))
        self.monitor._news, old = small, self.monitor._news
        assert old is not None
        old.close()
        for _ in range(20):
            ip("link", "set", "hh-a", "down")
            ip("link", "set", "hh-a", "up")
        ip("link", "set", "hh-a", "down")
        self.told("interface hh-a is down")

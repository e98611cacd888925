"""Claims of an address by other machines: on frames that a test makes up, and on a real cable."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from heart.linux import arp, ethernet, neighbours
from heart.linux.claims import BATCH, PAUSE, Claims, claimant, open_claims
from tests.linux.network import enter_network, hardware, ip, other_machine, wait_until
from tests.linux.reading import LateThreads, ReadingClock
from tests.whole.netns import Namespace

ADDRESS, ADDRESS6 = "10.9.0.100", "fd00:9::100"
FOREIGN = bytes.fromhex("020000000099")
OTHER = bytes.fromhex("020000000098")


def claims_of(address: str, by: bytes) -> list[bytes]:
    """The frames by which a machine claims an address."""
    return [neighbours.frame(by, address, False)] if ":" in address else list(arp.frames(by, address))


class ClaimantTests(SynchronousTestCase):
    """Who a frame says has the address."""

    def test_each(self) -> None:
        """ARP and advertisements name a hardware address; one without says it by where it comes from."""
        for address in (ADDRESS, ADDRESS6):
            for frame in claims_of(address, FOREIGN):
                self.assertEqual(claimant(frame), FOREIGN)
        bare = neighbours.frame(FOREIGN, ADDRESS6, False)[:-8]
        self.assertEqual(claimant(bare), FOREIGN)

    def test_cut(self) -> None:
        """One that is cut short, wherever, is no claim and no mistake."""
        for address in (ADDRESS, ADDRESS6):
            for frame in claims_of(address, FOREIGN):
                for length in range(len(frame)):
                    self.assertIn(claimant(frame[:length]), (None, FOREIGN))


class Packets:
    """A socket from which comes what a test has put there: frames, or errors."""

    def __init__(self) -> None:
        self.waiting: list[bytes | int] = []
        self.closed = False

    def recv(self, size: int) -> bytes:
        """The next; EAGAIN where there is none."""
        got = self.waiting.pop(0) if self.waiting else errno.EAGAIN
        if isinstance(got, int):
            raise OSError(got, os.strerror(got))
        return got[:size]

    def fileno(self) -> int:
        """One that is never used."""
        return -1 if self.closed else 1_000

    def close(self) -> None:
        """Be closed."""
        self.closed = True


class ClaimsTests(SynchronousTestCase):
    """On frames that a test makes up, with threads that work when they are told to."""

    def setUp(self) -> None:
        self.clock, self.threads = ReadingClock(), LateThreads(late=True)
        self.opened: list[Packets] = []
        self.heard: list[bytes] = []
        self.failed: list[str] = []
        self.refusal: OSError | None = None
        self.claims = Claims(
            *(self.clock, self.threads, self.open, self.heard.append, self.fail_so),  # type: ignore[arg-type]
            Packets.close,  # type: ignore[arg-type]
        )
        self.addCleanup(
            lambda: self.assertEqual((self.clock.getDelayedCalls(), self.clock.readers), ([], []))
        )
        self.addCleanup(self.threads.work)
        self.addCleanup(self.claims.close)

    def open(self) -> Packets:
        """Open a socket."""
        if self.refusal is not None:
            raise self.refusal
        self.opened.append(Packets())
        return self.opened[-1]

    def fail_so(self, failure: Failure) -> None:
        """Note it."""
        self.failed.append(failure.getErrorMessage())

    def listen(self) -> Packets:
        """Listen, on a socket that is open."""
        self.claims.listen()
        self.threads.work()
        return self.opened[-1]

    def test_interface(self) -> None:
        """The reactor can read it."""
        verifyObject(IReadDescriptor, self.claims)

    def test_heard(self) -> None:
        """Who claims is told once for a wake-up, whoever it is."""
        self.listen().waiting += [*claims_of(ADDRESS, FOREIGN), *claims_of(ADDRESS, OTHER)]
        self.claims.doRead()
        self.assertEqual(self.heard, [FOREIGN, OTHER])

    def test_flood(self) -> None:
        """A flood of claims is read a few at a time, and not again before a pause has passed."""
        packets = self.listen()
        packets.waiting += claims_of(ADDRESS, FOREIGN) * 1_000
        self.claims.doRead()
        self.assertEqual(len(packets.waiting), 2_000 - BATCH)
        self.assertEqual(self.clock.readers, [])
        self.clock.advance(PAUSE)
        self.assertEqual(self.clock.readers, [self.claims])

    def test_opened_late(self) -> None:
        """A socket that is open only after it is wanted no more, or anew, is closed."""
        self.claims.listen()
        self.claims.listen()
        self.claims.close()
        self.threads.work()
        self.assertEqual([packets.closed for packets in self.opened], [True, True])
        self.assertEqual(self.clock.readers, [])

    def test_anew(self) -> None:
        """Said again, it hears on another socket, and the first one is closed."""
        first = self.listen()
        second = self.listen()
        self.assertEqual((first.closed, second.closed), (True, False))
        self.assertEqual(self.clock.readers, [self.claims])

    def test_refused(self) -> None:
        """Where it cannot be opened, that is told, unless it is wanted no more."""
        self.refusal = PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        self.claims.listen()
        self.threads.work()
        self.claims.listen()
        self.claims.close()
        self.threads.work()
        self.assertEqual(len(self.failed), 1)

    def test_interface_goes(self) -> None:
        """A socket whose interface went is closed, and nothing is told: others tell that."""
        packets = self.listen()
        packets.waiting += [errno.ENETDOWN]
        why = self.claims.doRead()
        self.assertIsInstance(why, OSError)
        self.claims.connectionLost(Failure(why))
        self.threads.work()
        self.assertEqual((packets.closed, self.heard, self.failed), (True, [], []))


class CableTests(SynchronousTestCase):
    """On a cable with another machine at its end."""

    def setUp(self) -> None:
        enter_network(self)
        self.other = other_machine(self)
        self.clock = ReadingClock()
        self.heard: list[bytes] = []

    def claims(self, address: str, interface: str = "hh-a") -> Claims:
        """Hear claims of an address on an interface."""
        threads: Any = LateThreads()
        made = Claims(
            self.clock, threads, lambda: open_claims(address, interface), self.heard.append, lambda _: None
        )
        self.addCleanup(made.close)
        made.listen()
        return made

    def send(self, frames: list[bytes], machine: Namespace | None = None) -> None:
        """Have the other machine send these frames."""
        (machine or self.other).inside(lambda: ethernet.send(frames, "hh-b", 0))

    def until(self, true: Callable[[], object], what: str) -> None:
        """Read, and let pauses pass, until something is so."""

        def so() -> object:
            self.clock.read()
            self.clock.advance(PAUSE)
            return true()

        wait_until(so, what)

    def test_heard(self) -> None:
        """Either form of ARP, and the advertisement: who sent it is told."""
        for address in (ADDRESS, ADDRESS6):
            self.claims(address)
            for frame in claims_of(address, FOREIGN):
                self.heard.clear()
                self.send([frame])
                self.until(lambda: self.heard == [FOREIGN], "it is heard")

    def test_kernel_of_another(self) -> None:
        """A machine that has the address and asks for another one claims it by asking."""
        self.claims(ADDRESS)
        self.other.ip("address", "add", f"{ADDRESS}/24", "dev", "hh-b")
        asking = self.other.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.addCleanup(asking.close)
        asking.sendto(b"hello", ("10.9.0.7", 9))
        mac = bytes.fromhex(self.other.run("cat", "/sys/class/net/hh-b/address").strip().replace(":", ""))
        self.until(lambda: self.heard == [mac], "its question is heard")

    def test_nothing_else(self) -> None:
        """What is about other addresses, or was sent by ourselves, never comes up to this process."""
        for address, near in ((ADDRESS, "10.9.0.101"), (ADDRESS6, "fd00:9::101")):
            made = self.claims(address)
            self.send([*claims_of(near, FOREIGN) * 50, *claims_of("fe80::1", FOREIGN)])
            for frame in claims_of(address, hardware("hh-a")):
                ethernet.send([frame], "hh-a", ethernet.ARP if address == ADDRESS else ethernet.IPV6)
            self.send(claims_of(address, OTHER))
            self.until(lambda: self.heard == [OTHER], "the one that counts is heard")
            made.close()
            self.heard.clear()

    def test_from_far_away(self) -> None:
        """An advertisement that a router passed on is not believed, as by every kernel."""
        self.claims(ADDRESS6)
        far = bytearray(neighbours.frame(FOREIGN, ADDRESS6, False))
        far[21] = 254
        self.send([bytes(far), *claims_of(ADDRESS6, OTHER)])
        self.until(lambda: self.heard == [OTHER], "the other is heard")

    def test_for_another_host(self) -> None:
        """What is sent to another machine, or in another VLAN, is not about this network."""
        self.claims(ADDRESS)
        frame = arp.frames(FOREIGN, ADDRESS)[1]
        tagged = frame[:12] + bytes.fromhex("81000007") + frame[12:]
        self.send([FOREIGN + frame[6:], tagged, *claims_of(ADDRESS, OTHER)])
        self.until(lambda: self.heard == [OTHER], "the other is heard")

    def test_down_and_up(self) -> None:
        """A socket whose interface went down is given up; listened to anew, claims are heard again."""
        made = self.claims(ADDRESS)
        ip("link", "set", "hh-a", "down")
        self.until(lambda: not self.clock.readers, "it is given up")
        ip("link", "set", "hh-a", "up")
        made.listen()

        def hear() -> list[bytes]:
            self.send(claims_of(ADDRESS, FOREIGN))
            return self.heard

        self.until(hear, "it is heard again")

    def test_no_ethernet(self) -> None:
        """On a loopback there is nobody who could claim."""
        self.assertIsNone(open_claims("127.0.0.9", "lo"))

    def test_absent(self) -> None:
        """Without the interface it is an OSError, and nothing stays open."""
        before = len(os.listdir("/proc/self/fd"))
        self.assertRaises(OSError, open_claims, ADDRESS, "hh-none")
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)

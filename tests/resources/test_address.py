"""The address as a resource, its calls: on a fake address book with threads that stall."""

from __future__ import annotations

import errno
import os

from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from heart.interfaces import IResource
from heart.resources.address import TIMEOUT
from heart.resources.address_book import NoAddresses
from heart.resources.announcing import REPEATS
from tests.resources.address_case import ADDRESS, LABEL, AddressCase
from tests.resources.fakes import TENURE


class AddressTests(AddressCase):
    """On a fake address book."""

    def test_interface(self) -> None:
        """It is a resource, and says which."""
        verifyObject(IResource, self.address)
        self.assertEqual(self.address.label, LABEL)

    def test_start_and_stop(self) -> None:
        """It is added at the start, and deleted at the stop; neither on the reactor's thread."""
        started = self.address.start(TENURE)
        self.assertNoResult(started)
        self.assertEqual(self.book.held["hh-a"], [])
        self.threads.work()
        self.successResultOf(started)
        self.assertEqual(self.book.held["hh-a"], [ADDRESS])
        stopped = self.address.stop(TENURE, None)
        self.threads.work()
        self.successResultOf(stopped)
        self.assertEqual(self.book.held["hh-a"], [])

    def test_taken_over(self) -> None:
        """One that is there already is a success, and is announced."""
        self.book.held["hh-a"].append(ADDRESS)
        self.start()
        self.assertEqual(len(self.book.announced), 1 + len(REPEATS))

    def test_stop_of_nothing(self) -> None:
        """Stopping what was never started is a success."""
        stopped = self.address.stop(TENURE, 1)
        self.threads.work()
        self.successResultOf(stopped)

    def test_announced_at(self) -> None:
        """It is announced at once and then four times, at the times promised."""
        started = self.address.start(TENURE)
        self.threads.work()
        self.successResultOf(started)
        times = [0.0] * len(self.book.announced)
        while self.clock.getDelayedCalls():
            self.clock.advance(
                min(call.getTime() for call in self.clock.getDelayedCalls()) - self.clock.seconds()
            )
            self.threads.work()
            times += [round(self.clock.seconds(), 1)] * (len(self.book.announced) - len(times))
        self.assertEqual(times, [0.0, *REPEATS])

    def test_announced_again(self) -> None:
        """Asked for it, it begins the series anew, without the rest of the old one."""
        started = self.address.start(TENURE)
        self.threads.work()
        self.successResultOf(started)
        self.clock.advance(0.05)
        self.address.announce()
        self.pass_announcements()
        self.assertEqual(len(self.book.announced), 1 + 1 + len(REPEATS))

    def test_not_announced(self) -> None:
        """What is not held is not announced: not before the start, not from the stop's first moment on."""
        self.address.announce()
        self.threads.work()
        started = self.address.start(TENURE)
        self.threads.waiting.pop(0)()
        self.successResultOf(started)
        (announcing,) = self.threads.waiting
        stopped = self.address.stop(TENURE, 1)
        self.assertEqual(self.threads.waiting, [announcing])
        self.threads.work()
        self.successResultOf(stopped)
        self.assertEqual(self.book.announced, [ADDRESS])  # before the delete, in order
        self.address.announce()
        self.pass_announcements()
        self.assertEqual(self.book.announced, [ADDRESS])

    def test_announcement_that_waits_when_it_stops(self) -> None:
        """An announcement whose turn comes after a stop was ordered is not sent."""
        started = self.address.start(TENURE)
        self.threads.waiting.pop(0)()
        self.successResultOf(started)
        self.clock.advance(0.1)  # a second announcement now waits behind the first
        stopped = self.address.stop(TENURE, 1)
        self.threads.work()
        self.successResultOf(stopped)
        self.assertEqual(self.book.announced, [ADDRESS])

    def test_announcement_fails(self) -> None:
        """An announcement that fails does no harm, and is logged once for a series."""
        self.start()
        self.book.failure = OSError(errno.ENETDOWN, os.strerror(errno.ENETDOWN))
        with capturedLogs() as events:
            self.address.announce()
            self.pass_announcements()
        self.assertEqual([event["problem"] for event in events], [f"{LABEL}: Network is down"])

    def test_no_interface(self) -> None:
        """An absent interface is one line that says what to do."""
        self.address = self.make(self.book, interface="hh-none")
        started = self.address.start(TENURE)
        self.threads.work()
        line = f"address {ADDRESS} on hh-none: there is no such interface; create it or correct `interface`"
        self.assertEqual(self.failure(started), line)

    def test_not_permitted(self) -> None:
        """A refused permission is one line that says what to do."""
        self.book.failure = PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        started = self.address.start(TENURE)
        self.threads.work()
        line = f"{LABEL}: not permitted; run as root or with CAP_NET_ADMIN and CAP_NET_RAW"
        self.assertEqual(self.failure(started), line)

    def test_no_linux(self) -> None:
        """Elsewhere one line says so."""
        self.address = self.make(NoAddresses())
        started = self.address.start(TENURE)
        self.threads.work()
        self.assertEqual(self.failure(started), f"{LABEL}: addresses need Linux")
        stopped = self.address.stop(TENURE, 1)
        self.threads.work()
        self.successResultOf(stopped)

    def test_ipv6_switched_off(self) -> None:
        """An interface without IPv6 is one line that says what to look at."""
        self.book.failure = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        started = self.address.start(TENURE)
        self.threads.work()
        self.assertIn("IPv6 is switched off on this interface", self.failure(started))

    def test_budget(self) -> None:
        """A stop whose budget passes fails then, and is done all the same as soon as it can be."""
        self.start()
        stopped = self.address.stop(TENURE, 0.3)
        self.clock.advance(0.29)
        self.assertNoResult(stopped)
        self.clock.advance(0.01)
        self.assertIn("not done within 0.3 s", self.failure(stopped))
        self.threads.work()
        self.assertEqual(self.book.held["hh-a"], [])

    def test_start_that_stalls(self) -> None:
        """A start waits for the kernel for a bounded time."""
        started = self.address.start(TENURE)
        self.clock.advance(TIMEOUT)
        self.assertIn("not done within 20 s", self.failure(started))
        self.threads.work()

    def test_interrupt(self) -> None:
        """An interrupted start fails at once; the interruption waits for the thread, within its budget."""
        started = self.address.start(TENURE)
        interrupted = self.address.interrupt(0.2)
        self.assertEqual(self.failure(started), f"{LABEL}: was interrupted")
        self.assertNoResult(interrupted)
        self.threads.work()
        self.successResultOf(interrupted)
        started = self.address.stop(TENURE, 1)
        late = self.address.interrupt(0.2)
        self.failure(started)
        self.clock.advance(0.2)
        self.successResultOf(late)
        self.threads.work()

    def test_interrupt_of_nothing(self) -> None:
        """Where nothing is under way, there is nothing to wait for."""
        self.successResultOf(self.address.interrupt(1))

    def test_late_add_is_deleted(self) -> None:
        """An address that a stalled thread adds after its start was given up is deleted by the stop."""
        started = self.address.start(TENURE)
        self.address.interrupt(0)
        self.failure(started)
        stopped = self.address.stop(TENURE, 0.5)
        self.clock.advance(0.4)
        self.assertNoResult(stopped)
        self.assertEqual(len(self.threads.waiting), 1)  # the delete waits for the add
        self.threads.work()
        self.successResultOf(stopped)
        self.assertEqual((self.book.held["hh-a"], self.book.announced), ([], []))

    def test_two_at_once(self) -> None:
        """A second call while one is under way is a mistake of the caller."""
        self.address.start(TENURE)
        self.assertRaises(RuntimeError, self.address.start, TENURE)
        self.threads.work()
        self.pass_announcements()

    def test_two_stops_at_once(self) -> None:
        """So is a second stop."""
        self.address.stop(TENURE, 1)
        self.assertRaises(RuntimeError, self.address.stop, TENURE, 1)
        self.threads.work()

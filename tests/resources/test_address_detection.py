"""Duplicate address detection at the start of an IPv6 address: never waited for longer than asked."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from heart.resources.address import LOOK
from heart.resources.address_book import Presence
from tests.resources.address_case import ADDRESS6, LABEL6, AddressCase
from tests.resources.fakes import TENURE

ASKED = 1.0


class DetectionTests(AddressCase):
    """An address that waits for it for a second at most."""

    def setUp(self) -> None:
        super().setUp()
        self.address = self.make(self.book, ADDRESS6, detection=ASKED)

    def begin(self) -> Deferred[None]:
        """Begin a start, until it waits for the kernel."""
        started = self.address.start(TENURE)
        self.threads.work()
        self.assertNoResult(started)
        self.assertIs(self.book.presence(ADDRESS6, "hh-a"), Presence.TENTATIVE)
        return started

    def wait(self, seconds: float) -> None:
        """Let time pass in steps as small as its own."""
        for _ in range(round(seconds / LOOK)):
            self.clock.advance(LOOK)
            self.threads.work()

    def test_nobody_has_it(self) -> None:
        """It runs as soon as the kernel has found nobody, and is announced only then."""
        started = self.begin()
        self.wait(0.5)
        self.assertNoResult(started)
        self.assertEqual(self.book.announced, [])
        self.book.detect()
        self.wait(LOOK)
        self.successResultOf(started)
        self.assertEqual(self.book.announced, [ADDRESS6])
        self.pass_announcements()

    def test_taken(self) -> None:
        """Where another machine has it the start fails and says so, and it is taken away again."""
        self.book.taken.add(ADDRESS6)
        started = self.begin()
        self.book.detect()
        self.wait(LOOK)
        said = f"{LABEL6}: another machine has it (duplicate address detection)"
        self.assertEqual(self.failure(started), said)
        self.assertEqual((self.book.held["hh-a"], self.book.announced), ([], []))

    def test_no_longer_than_asked(self) -> None:
        """Where the kernel has not found out in time, it is used without waiting any longer."""
        started = self.begin()
        self.wait(ASKED - LOOK)
        self.assertNoResult(started)
        self.wait(2 * LOOK)
        self.successResultOf(started)
        self.assertIs(self.book.presence(ADDRESS6, "hh-a"), Presence.READY)
        self.pass_announcements()

    def test_not_asked(self) -> None:
        """Where it is not asked for, nothing is waited for."""
        self.address = self.make(self.book, ADDRESS6)
        self.start()
        self.assertIs(self.book.presence(ADDRESS6, "hh-a"), Presence.READY)

    def test_release_does_not_wait(self) -> None:
        """A release in the midst of it is not held up: the address goes at once, and stays away."""
        started = self.begin()
        interrupted = self.address.interrupt(0.1)
        self.assertIn("was interrupted", self.failure(started))
        stopped = self.address.stop(TENURE, 0.1)
        self.threads.work()
        self.successResultOf(interrupted)
        self.successResultOf(stopped)
        self.assertEqual(self.book.held["hh-a"], [])
        self.wait(2 * ASKED)
        self.assertEqual((self.book.held["hh-a"], self.book.announced), ([], []))

    def test_found_later(self) -> None:
        """Where the kernel finds another machine later, after a cable came back, that is told as a loss."""
        watch = self.watch()
        started = self.begin()
        self.book.detect()
        self.wait(LOOK)
        self.successResultOf(started)
        self.pass_announcements()
        self.book.found[ADDRESS6] = Presence.DUPLICATE
        watch.user.address_changed()
        self.threads.work()
        said = f"{LABEL6}: another machine has it (duplicate address detection)"
        self.assertEqual(self.told.news, [("lost", said)])

"""What the tests of an address as a resource share."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from heart.config.model import AddressResource
from heart.interfaces import IResource, ResourceFailed
from heart.resources.address import Address
from heart.resources.address_book import AddressBook
from tests.resources.fakes import TENURE, FakeAddresses, FakeWatch, ThreadedClock, Threads

ADDRESS, ADDRESS6 = "10.9.0.100/24", "fd00:9::100/64"
LABEL, LABEL6 = f"address {ADDRESS} on hh-a", f"address {ADDRESS6} on hh-a"


class Told:
    """Notes what a resource tells: what of it, the resource's label, and the reason."""

    def __init__(self) -> None:
        self.news: list[tuple[str, str | None]] = []

    def lost(self, resource: IResource, reason: str) -> None:
        """It runs no more."""
        self.news.append(("lost", reason))

    def hindered(self, resource: IResource, reason: str | None) -> None:
        """It could not be held, or could again."""
        self.news.append(("hindered", reason))

    def contested(self, resource: IResource, reason: str) -> None:
        """Another machine claims it."""
        self.news.append(("contested", reason))


class AddressCase(SynchronousTestCase):
    """An address on a fake address book, with threads that do their work when they are told to."""

    def setUp(self) -> None:
        self.clock, self.threads, self.book = ThreadedClock(), Threads(), FakeAddresses("hh-a")
        self.address = self.make(self.book)
        self.told = Told()
        self.addCleanup(lambda: self.assertEqual(self.clock.getDelayedCalls(), []))

    def make(
        self, book: AddressBook, address: str = ADDRESS, interface: str = "hh-a", detection: float = 0.0
    ) -> Address:
        """An address on an interface."""
        settings = AddressResource(address, interface, detection)
        threads: Any = self.threads
        return Address(settings, self.clock, threads, book)

    def watch(self) -> FakeWatch:
        """Have it watched, until the test ends."""
        self.address.watch(self.told)
        self.addCleanup(self.address.close)
        return self.book.watches[-1]

    def start(self) -> None:
        """Start it with success, and let its announcements pass."""
        started = self.address.start(TENURE)
        self.threads.work()
        self.successResultOf(started)
        self.pass_announcements()

    def stop(self) -> None:
        """Stop it with success."""
        stopped = self.address.stop(TENURE, 1)
        self.threads.work()
        self.successResultOf(stopped)

    def pass_announcements(self) -> None:
        """Let the series of announcements come to its end."""
        self.pass_time(6.0)

    def pass_time(self, seconds: float) -> None:
        """In small steps."""
        for _ in range(round(seconds / 0.1)):
            self.clock.advance(0.1)
            self.threads.work()

    def failure(self, deferred: Deferred[None]) -> str:
        """The one line of a failed call."""
        line = str(self.failureResultOf(deferred, ResourceFailed).value)
        self.assertNotIn("\n", line)
        return line

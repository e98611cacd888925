"""Address books: the fake and the kernel's pass the same tests."""

from __future__ import annotations

import errno
from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.defer import execute
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from heart.linux.addresses import addresses
from heart.resources.address_book import AddressBook, NoAddresses, Presence
from heart.resources.kernel_addresses import KernelAddresses, address_book
from tests.linux.network import enter_network
from tests.resources.fakes import FakeAddresses, ThreadedClock, Threads

ADDRESS, OTHER = "10.9.0.100/24", "10.9.0.101/24"
ADDRESS6, OTHER6 = "fd00:9::100/64", "fd00:9::101/64"

if TYPE_CHECKING:
    Base = SynchronousTestCase
else:
    Base = object


class BookMixin(Base):
    """What every address book does. `hh-a` is an interface, `hh-none` is none."""

    book: AddressBook

    def held(self, version: int = 4) -> list[str]:
        """What `hh-a` holds, without what it has by itself."""
        raise NotImplementedError

    def test_add(self) -> None:
        """What was added is there, once, however often it is added."""
        for address in (ADDRESS, ADDRESS, OTHER, ADDRESS6, ADDRESS6, OTHER6):
            self.book.add(address, "hh-a", False)
            self.assertIs(self.book.presence(address, "hh-a"), Presence.READY)
        self.assertEqual(self.held(), [ADDRESS, OTHER])
        self.assertEqual(sorted(self.held(6)), [ADDRESS6, OTHER6])

    def test_delete(self) -> None:
        """What was deleted is not there, others are; deleting it again is well."""
        for address, other in ((ADDRESS, OTHER), (ADDRESS6, OTHER6)):
            self.book.add(other, "hh-a", False)
            self.book.add(address, "hh-a", False)
            self.book.delete(address, "hh-a")
            self.book.delete(address, "hh-a")
            self.assertIs(self.book.presence(address, "hh-a"), Presence.ABSENT)
        self.assertEqual((self.held(), self.held(6)), ([OTHER], [OTHER6]))

    def test_no_interface(self) -> None:
        """Without the interface adding and announcing fail with ENODEV; deleting is well."""
        for address in (ADDRESS, ADDRESS6):
            adding = partial(self.book.add, detect=False)
            for work in (adding, self.book.announce):
                self.assertEqual(self.assertRaises(OSError, work, address, "hh-none").errno, errno.ENODEV)
            self.assertIs(self.book.presence(address, "hh-none"), Presence.ABSENT)
            self.book.delete(address, "hh-none")

    def test_announce(self) -> None:
        """Announcing changes nothing here."""
        for address in (ADDRESS, ADDRESS6):
            self.book.add(address, "hh-a", False)
            self.book.announce(address, "hh-a")
        self.assertEqual((self.held(), self.held(6)), ([ADDRESS], [ADDRESS6]))

    def test_detection(self) -> None:
        """An IPv6 address for which it is asked is tentative, and ready once it is added without."""
        self.book.add(ADDRESS, "hh-a", True)
        self.assertIs(self.book.presence(ADDRESS, "hh-a"), Presence.READY)
        self.book.add(ADDRESS6, "hh-a", True)
        self.assertIs(self.book.presence(ADDRESS6, "hh-a"), Presence.TENTATIVE)
        self.book.add(ADDRESS6, "hh-a", False)
        self.assertIs(self.book.presence(ADDRESS6, "hh-a"), Presence.READY)


class FakeBookTests(BookMixin, SynchronousTestCase):
    """The fake."""

    def setUp(self) -> None:
        self.book = self.fake = FakeAddresses("hh-a")

    def held(self, version: int = 4) -> list[str]:
        """What the fake says."""
        return [address for address in self.fake.held["hh-a"] if (":" in address) == (version == 6)]


class KernelBookTests(BookMixin, SynchronousTestCase):
    """The kernel's."""

    def setUp(self) -> None:
        enter_network(self)
        self.book = KernelAddresses(Clock(), execute)  # type: ignore[arg-type]  # it is one

    def held(self, version: int = 4) -> list[str]:
        """What the kernel says."""
        return [address for address in addresses("hh-a", version) if not address.startswith("fe80")]


class Nobody:
    """Whom nobody may tell anything."""

    def interface_changed(self, problem: str | None) -> None:
        """Raise."""
        raise RuntimeError(problem)

    def address_changed(self) -> None:
        """Raise."""
        raise RuntimeError

    def claimed(self, claimant: str) -> None:
        """Raise."""
        raise RuntimeError(claimant)


class PlatformTests(SynchronousTestCase):
    """Which system has which."""

    def book(self, platform: str) -> AddressBook:
        """The book of that system."""
        return address_book(ThreadedClock(), Threads(), platform)

    def test_elsewhere(self) -> None:
        """Where addresses cannot be changed, adding says so, deleting is well, and watching sees nothing."""
        book = self.book("freebsd14")
        self.assertIsInstance(book, NoAddresses)
        error = self.assertRaises(OSError, book.add, ADDRESS, "em0", False)
        self.assertEqual(error.strerror, "addresses need Linux")
        book.delete(ADDRESS, "em0")
        book.announce(ADDRESS, "em0")
        self.assertIs(book.presence(ADDRESS, "em0"), Presence.ABSENT)
        watch = book.watch(ADDRESS, "em0", Nobody())
        watch.listen()
        watch.ignore()
        watch.close()

    def test_linux(self) -> None:
        """Linux has the kernel's."""
        self.assertIsInstance(self.book("linux"), KernelAddresses)

    def test_shared(self) -> None:
        """All addresses of a daemon have one book, and so one monitor; another daemon has another."""
        reactor, threads = ThreadedClock(), Threads()
        first = address_book(reactor, threads)
        self.assertIs(address_book(reactor, threads), first)
        self.assertIsNot(address_book(reactor, Threads()), first)

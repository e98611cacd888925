"""Address books: the fake and the kernel's pass the same tests."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from twisted.trial.unittest import SynchronousTestCase

from heart.linux import netlink
from heart.resources.address_book import AddressBook, KernelAddresses, NoAddresses, address_book
from tests.linux.network import enter_network
from tests.resources.fakes import FakeAddresses

ADDRESS, OTHER = "10.9.0.100/24", "10.9.0.101/24"

if TYPE_CHECKING:
    Base = SynchronousTestCase
else:
    Base = object


class BookMixin(Base):
    """What every address book does. `hh-a` is an interface, `hh-none` is none."""

    book: AddressBook

    def held(self) -> list[str]:
        """What `hh-a` holds."""
        raise NotImplementedError

    def test_add(self) -> None:
        """What was added is there, once, however often it is added."""
        self.book.add(ADDRESS, "hh-a")
        self.book.add(ADDRESS, "hh-a")
        self.book.add(OTHER, "hh-a")
        self.assertEqual(self.held(), [ADDRESS, OTHER])

    def test_delete(self) -> None:
        """What was deleted is not there, others are; deleting it again is well."""
        self.book.add(OTHER, "hh-a")
        self.book.add(ADDRESS, "hh-a")
        self.book.delete(ADDRESS, "hh-a")
        self.book.delete(ADDRESS, "hh-a")
        self.assertEqual(self.held(), [OTHER])

    def test_no_interface(self) -> None:
        """Without the interface adding and announcing fail with ENODEV; deleting is well."""
        for work in (self.book.add, self.book.announce):
            self.assertEqual(self.assertRaises(OSError, work, ADDRESS, "hh-none").errno, errno.ENODEV)
        self.assertIsNone(self.book.delete(ADDRESS, "hh-none"))  # type: ignore[func-returns-value]

    def test_announce(self) -> None:
        """Announcing changes nothing here."""
        self.book.add(ADDRESS, "hh-a")
        self.book.announce(ADDRESS, "hh-a")
        self.assertEqual(self.held(), [ADDRESS])


class FakeBookTests(BookMixin, SynchronousTestCase):
    """The fake."""

    def setUp(self) -> None:
        self.book = self.fake = FakeAddresses("hh-a")

    def held(self) -> list[str]:
        """What the fake says."""
        return self.fake.held["hh-a"]


class KernelBookTests(BookMixin, SynchronousTestCase):
    """The kernel's."""

    def setUp(self) -> None:
        enter_network(self)
        self.book = KernelAddresses()

    def held(self) -> list[str]:
        """What the kernel says."""
        return netlink.addresses("hh-a")


class PlatformTests(SynchronousTestCase):
    """Which system has which."""

    def test_elsewhere(self) -> None:
        """Where addresses cannot be changed, adding says so and deleting is well."""
        book = address_book("freebsd14")
        self.assertIsInstance(book, NoAddresses)
        error = self.assertRaises(OSError, book.add, ADDRESS, "em0")
        self.assertEqual(error.strerror, "addresses need Linux")
        book.delete(ADDRESS, "em0")
        book.announce(ADDRESS, "em0")

    def test_linux(self) -> None:
        """Linux has the kernel's."""
        self.assertIsInstance(address_book("linux"), KernelAddresses)

"""What an address needs from the operating system, as a small interface: adding, deleting, announcing."""

from __future__ import annotations

import errno
import sys
from typing import Protocol

from heart.linux import arp, netlink


class AddressBook(Protocol):
    """Addresses of this machine's interfaces. All calls may block and raise OSError.

    `address` is an IPv4 address with its prefix length.
    """

    def add(self, address: str, interface: str) -> None:
        """Add it; success if it is there already. ENODEV if there is no such interface."""

    def delete(self, address: str, interface: str) -> None:
        """Delete it; success if it, or the interface, is not there."""

    def announce(self, address: str, interface: str) -> None:
        """Tell the interface's network once that it is here, where that means anything."""


class KernelAddresses:
    """The addresses of a Linux machine."""

    def add(self, address: str, interface: str) -> None:
        """By rtnetlink."""
        netlink.add_address(address, interface)

    def delete(self, address: str, interface: str) -> None:
        """By rtnetlink."""
        netlink.delete_address(address, interface)

    def announce(self, address: str, interface: str) -> None:
        """By gratuitous ARP."""
        arp.announce(address.partition("/")[0], interface)


class NoAddresses:
    """A system whose addresses we cannot change: there is never one to delete."""

    def add(self, address: str, interface: str) -> None:
        """Refused."""
        raise OSError(errno.ENOTSUP, "addresses need Linux")

    def delete(self, address: str, interface: str) -> None:
        """Nothing was added."""

    def announce(self, address: str, interface: str) -> None:
        """Nothing was added."""


def address_book(platform: str = sys.platform) -> AddressBook:
    """The addresses of the system that this is."""
    return KernelAddresses() if platform == "linux" else NoAddresses()

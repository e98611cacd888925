"""What an address needs from the operating system, as a small interface.

Adding, deleting, announcing; and being told what happens to it and to its interface.
"""

from __future__ import annotations

import errno
from typing import Protocol

from heart.linux.addresses import Presence

__all__ = ["AddressBook", "AddressUser", "AddressWatch", "NoAddresses", "Presence"]


class AddressUser(Protocol):
    """Whom a watch of an address tells. All calls come on the reactor's thread."""

    def interface_changed(self, problem: str | None) -> None:
        """Its interface works (None) or does not, for that reason; said first, and at each change."""

    def address_changed(self) -> None:
        """Something happened to the address: it may not be there any more."""

    def claimed(self, claimant: str) -> None:
        """The machine with that hardware address, which is not this one, claims the address."""


class AddressWatch(Protocol):
    """Watches one address until it is closed."""

    def listen(self) -> None:
        """From now on hear claims, too; said again where the interface has changed."""

    def ignore(self) -> None:
        """Hear no claims any more."""

    def close(self) -> None:
        """Watch no more."""


class AddressBook(Protocol):
    """Addresses of this machine's interfaces. All calls but `watch` may block and raise OSError.

    `address` is an IPv4 or IPv6 address with its prefix length.
    """

    def add(self, address: str, interface: str, detect: bool) -> None:
        """Add it; success if it is there already. ENODEV if there is no such interface.

        With `detect` an IPv6 address is TENTATIVE until it is known that no other machine has it; without,
        also one that is there already and TENTATIVE is made READY.
        """

    def delete(self, address: str, interface: str) -> None:
        """Delete it; success if it, or the interface, is not there."""

    def presence(self, address: str, interface: str) -> Presence:
        """Whether it is there."""

    def announce(self, address: str, interface: str) -> None:
        """Tell the interface's network once that it is here, where that means anything."""

    def watch(self, address: str, interface: str, user: AddressUser) -> AddressWatch:
        """Tell `user` what happens from now on."""


class _Blind:
    """A watch that sees nothing."""

    def listen(self) -> None:
        """There is nothing to hear."""

    def ignore(self) -> None:
        """There was nothing to hear."""

    def close(self) -> None:
        """There is nothing to close."""


class NoAddresses:
    """A system whose addresses we cannot change: there is never one to delete or to watch."""

    def add(self, address: str, interface: str, detect: bool) -> None:
        """Refused."""
        raise OSError(errno.ENOTSUP, "addresses need Linux")

    def delete(self, address: str, interface: str) -> None:
        """Nothing was added."""

    def presence(self, address: str, interface: str) -> Presence:
        """Nothing was added."""
        return Presence.ABSENT

    def announce(self, address: str, interface: str) -> None:
        """Nothing was added."""

    def watch(self, address: str, interface: str, user: AddressUser) -> AddressWatch:
        """Nothing is ever told."""
        return _Blind()

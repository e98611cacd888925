"""The addresses of interfaces, IPv4 and IPv6, by rtnetlink(7): added, deleted, looked for.

All of these may block, and belong into a thread (see heart.linux.netlink). They raise OSError.

An IPv6 address is added as deprecated (preferred for 0 s, valid for ever; RFC 4862, 5.5.4): it serves
whoever asks it, and is no source for what this machine begins by itself (RFC 6724, section 5, rule 3).
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from threading import Lock

from heart.linux.netlink import (
    ACK,
    CREATE,
    DELADDR,
    DUMP,
    EXCL,
    GETADDR,
    NEWADDR,
    attribute,
    attributes,
    exchange,
)

Address = IPv4Interface | IPv6Interface

_ADDRESS = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix length, flags, scope, index of interface
_LIFETIMES = struct.Struct("=IIII")  # ifa_cacheinfo: preferred, valid, and what the kernel fills in
_FLAGS = struct.Struct("=I")
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST, _IFA_CACHEINFO, _IFA_FLAGS = 1, 2, 4, 6, 8
_NODAD, _DADFAILED, _TENTATIVE = 0x02, 0x08, 0x40  # IFA_F_
_SCOPE_HOST = 254
_FOR_EVER = 0xFFFFFFFF

_in_between = Lock()
"""Held while addresses are deleted that will be put back, so that nobody here misses them."""


class Presence(Enum):
    """Whether an interface has an address."""

    ABSENT = auto()
    TENTATIVE = auto()
    """Nothing is answered at it before it is known that no other machine has it."""
    DUPLICATE = auto()
    """Another machine has it: nothing will ever be answered at it here."""
    READY = auto()


@dataclass(frozen=True, slots=True)
class Entry:
    """One address of an interface, and the message that would add it again just as it is."""

    address: Address
    index: int
    flags: int
    message: bytes

    def presence(self) -> Presence:
        """How far it is there."""
        if self.flags & _DADFAILED:
            return Presence.DUPLICATE
        return Presence.TENTATIVE if self.flags & _TENTATIVE else Presence.READY


def add_address(address: str, interface: str, detect: bool = False) -> None:
    """Add `address` (with its prefix length) to `interface`; success if it is there already.

    With `detect` the kernel first finds out whether another machine has it, and it is tentative for so
    long. Without, one that is there and tentative is made ready.
    """
    wanted = ip_interface(address)
    message = _describe(wanted, _index(interface), detect)
    with _in_between:
        try:
            _add(message)
        except FileExistsError:
            _add_again(wanted, message, interface)


def delete_address(address: str, interface: str) -> None:
    """Delete `address` from `interface`; success if it, or the interface, is not there.

    With the first IPv4 address of a network the kernel deletes the others of that network too, unless
    net.ipv4.conf.*.promote_secondaries is set: those are put back.
    """
    wanted = ip_interface(address)
    with _in_between:
        before = _entries(interface, wanted.version)
        if all(entry.address != wanted for entry in before):
            return
        _delete(_describe(wanted, _index(interface), False))
        left = {entry.address for entry in _entries(interface, wanted.version)}
        for entry in before:
            if wanted.version == 4 and entry.address != wanted and entry.address not in left:
                with suppress(FileExistsError):
                    _add(entry.message)


def presence(address: str, interface: str) -> Presence:
    """Whether `interface` has `address`, with that prefix length; ABSENT if there is no such interface."""
    wanted = ip_interface(address)
    with _in_between:
        found = (entry for entry in _entries(interface, wanted.version) if entry.address == wanted)
        return next((entry.presence() for entry in found), Presence.ABSENT)


def addresses(interface: str, version: int = 4) -> list[str]:
    """The addresses of `interface` with their prefix lengths; none if there is no such interface."""
    return [str(entry.address) for entry in _entries(interface, version)]


def read_entry(body: bytes) -> Entry | None:
    """The address that a message NEWADDR or DELADDR is about."""
    family, prefix, flags, _, index = _ADDRESS.unpack_from(body)
    found = attributes(body, _ADDRESS.size)
    local = found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS))  # with IPv6 the first is there for a pair alone
    if local is None or family not in (socket.AF_INET, socket.AF_INET6):
        return None
    if _IFA_FLAGS in found:
        (flags,) = _FLAGS.unpack_from(found[_IFA_FLAGS])
    make = IPv4Interface if family == socket.AF_INET else IPv6Interface
    return Entry(make((local, prefix)), index, flags, body)


def _add(message: bytes) -> None:
    exchange(NEWADDR, ACK | CREATE | EXCL, message)


def _delete(message: bytes) -> None:
    try:
        exchange(DELADDR, ACK, message)
    except OSError as error:
        if error.errno not in (errno.EADDRNOTAVAIL, errno.ENODEV):
            raise


def _add_again(wanted: Address, message: bytes, interface: str) -> None:
    """It is there, but an IPv6 address perhaps not as it should be: it can be there once, with any prefix."""
    if wanted.version == 4:
        return
    for entry in _entries(interface, 6):
        if entry.address == wanted and entry.presence() is not Presence.READY:
            _delete(message)
            _add(message)
        elif entry.address != wanted and entry.address.ip == wanted.ip:
            reason = f"it is there already as {entry.address}; take that away or correct `address`"
            raise OSError(errno.EEXIST, reason)


def _index(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError as error:  # Python gives it no number
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), interface) from error


def _entries(interface: str, version: int) -> list[Entry]:
    try:
        index = _index(interface)
    except OSError:
        return []
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    answers = exchange(GETADDR, DUMP, _ADDRESS.pack(family, 0, 0, 0, 0))
    entries = (read_entry(body) for kind, body in answers if kind == NEWADDR)
    return [entry for entry in entries if entry and (entry.index, entry.address.version) == (index, version)]


def _describe(address: Address, index: int, detect: bool) -> bytes:
    """The ifaddrmsg of an address and its attributes."""
    packed, prefix = address.packed, address.network.prefixlen
    found = attribute(_IFA_LOCAL, packed) + attribute(_IFA_ADDRESS, packed)
    if address.version == 6:
        found += attribute(_IFA_CACHEINFO, _LIFETIMES.pack(0, _FOR_EVER, 0, 0))
        return _ADDRESS.pack(socket.AF_INET6, prefix, 0 if detect else _NODAD, 0, index) + found
    if prefix < 31:  # RFC 3021: a network of two addresses has no broadcast address
        found += attribute(_IFA_BROADCAST, address.network.broadcast_address.packed)
    scope = _SCOPE_HOST if address.ip.is_loopback else 0
    return _ADDRESS.pack(socket.AF_INET, prefix, 0, scope, index) + found

"""IPv4 addresses of interfaces, by rtnetlink: rtnetlink(7), netlink(7), RFC 3549.

Each call opens a socket of its own and may block for as long as somebody else holds the kernel's RTNL
lock, which no time-out of a socket ends: call these from a thread. They raise OSError.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ADDRESS = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix length, flags, scope, index of interface
_ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type; the next begins at a multiple of four

_ERROR, _DONE = 2, 3  # NLMSG_
_NEWADDR, _DELADDR, _GETADDR = 20, 21, 22  # RTM_
_REQUEST, _ACK, _EXCL, _DUMP, _CREATE = 0x1, 0x4, 0x200, 0x300, 0x400  # NLM_F_
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_SCOPE_HOST = 254

_PATIENCE = struct.pack("@ll", 5, 0)  # timeval: five seconds for an answer
_BUFFER = 1 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One address of an interface, and the message that would add it again just as it is."""

    address: IPv4Interface
    message: bytes


def add_address(address: str, interface: str) -> None:
    """Add `address` (with its prefix length) to `interface`; success if it is there already."""
    _add(_describe(IPv4Interface(address), _index(interface)))


def delete_address(address: str, interface: str) -> None:
    """Delete `address` from `interface`; success if it, or the interface, is not there.

    With the first address of a network the kernel deletes the others of that network too, unless
    net.ipv4.conf.*.promote_secondaries is set: those are put back.
    """
    wanted = IPv4Interface(address)
    before = _entries(interface)
    if all(entry.address != wanted for entry in before):
        return
    try:
        _exchange(_DELADDR, _ACK, _describe(wanted, _index(interface)))
    except OSError as error:
        if error.errno not in (errno.EADDRNOTAVAIL, errno.ENODEV):
            raise
    left = {entry.address for entry in _entries(interface)}
    for entry in before:
        if entry.address != wanted and entry.address not in left:
            _add(entry.message)


def addresses(interface: str) -> list[str]:
    """The IPv4 addresses of `interface` with their prefix lengths; none if there is no such interface."""
    return [str(entry.address) for entry in _entries(interface)]


def _add(message: bytes) -> None:
    with suppress(FileExistsError):
        _exchange(_NEWADDR, _ACK | _CREATE | _EXCL, message)


def _index(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError as error:  # Python gives it no number
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), interface) from error


def _entries(interface: str) -> list[Entry]:
    try:
        index = _index(interface)
    except OSError:
        return []
    found = []
    for kind, message in _exchange(_GETADDR, _DUMP, _ADDRESS.pack(socket.AF_INET, 0, 0, 0, 0)):
        family, prefix, _, _, where = _ADDRESS.unpack_from(message)
        local = dict(_attributes(message)).get(_IFA_LOCAL)
        if kind == _NEWADDR and family == socket.AF_INET and where == index and local is not None:
            found.append(Entry(IPv4Interface((local, prefix)), message))
    return found


def _describe(address: IPv4Interface, index: int) -> bytes:
    """The ifaddrmsg of an address and its attributes."""
    prefix = address.network.prefixlen
    scope = _SCOPE_HOST if address.ip.is_loopback else 0
    attributes = _attribute(_IFA_LOCAL, address.ip) + _attribute(_IFA_ADDRESS, address.ip)
    if prefix < 31:  # RFC 3021: a network of two addresses has no broadcast address
        attributes += _attribute(_IFA_BROADCAST, address.network.broadcast_address)
    return _ADDRESS.pack(socket.AF_INET, prefix, 0, scope, index) + attributes


def _attribute(kind: int, address: IPv4Address) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + 4, kind) + address.packed


def _attributes(message: bytes) -> Iterator[tuple[int, bytes]]:
    offset = _ADDRESS.size
    while offset + _ATTRIBUTE.size <= len(message):
        length, kind = _ATTRIBUTE.unpack_from(message, offset)
        if length < _ATTRIBUTE.size:
            return
        yield kind, message[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3


def _exchange(kind: int, flags: int, body: bytes) -> list[tuple[int, bytes]]:
    """Send one request, and collect what answers it until the kernel says that this is all."""
    header = _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
        kernel.bind((0, 0))
        kernel.sendto(header + body, (0, 0))
        answers: list[tuple[int, bytes]] = []
        while True:
            for answer, payload in _messages(kernel.recv(_BUFFER)):
                if answer == _ERROR:
                    _check(payload)
                    return answers
                if answer == _DONE:
                    return answers
                answers.append((answer, payload))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            return
        yield kind, data[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def _check(payload: bytes) -> None:
    """An nlmsgerr begins with a negated errno; zero acknowledges."""
    number = -struct.unpack_from("=i", payload)[0]
    if number:
        raise OSError(number, os.strerror(number))

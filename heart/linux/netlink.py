"""Questions to the kernel's networking, and its answers: netlink(7), rtnetlink(7), RFC 3549.

`exchange` opens a socket of its own and may block for as long as somebody else holds the kernel's RTNL
lock, which no time-out of a socket ends: call it from a thread.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

NEWLINK, DELLINK, GETLINK = 16, 17, 18  # RTM_
NEWADDR, DELADDR, GETADDR = 20, 21, 22
GETROUTE = 26

ACK, EXCL, DUMP, CREATE = 0x4, 0x200, 0x300, 0x400  # NLM_F_
_REQUEST = 0x1
_INTERRUPTED = 0x10  # NLM_F_DUMP_INTR: something changed meanwhile, and may be missing in the answers

_ERROR, _DONE = 2, 3  # NLMSG_
_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type; the next begins at a multiple of four
_TYPE = 0x3FFF  # what of an attribute's type is no flag

_PATIENCE = struct.pack("@ll", 5, 0)  # timeval: five seconds for an answer
_BUFFER = 1 << 16
_TRIES = 5  # at a list that is whole; after that many, what came last is taken for it


def exchange(kind: int, flags: int, body: bytes) -> list[tuple[int, bytes]]:
    """Send one request with ACK or DUMP; its answers, as type and body. Raises OSError where refused."""
    for _ in range(_TRIES):
        answers, whole = _exchange(kind, flags, body)
        if whole:
            break
    return answers


def messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The type, flags and body of each message in what a socket received at once."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, flags, _, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            return
        yield kind, flags, data[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def attributes(body: bytes, offset: int) -> dict[int, bytes]:
    """The attributes that follow a body's fixed part, which ends at `offset`, by their types."""
    found = {}
    while offset + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind & _TYPE] = body[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return found


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute of a request; the length of `value` is a multiple of four."""
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value


def _exchange(kind: int, flags: int, body: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    """Collect what answers a request until the kernel says that this is all; and whether it is whole."""
    header = _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
        kernel.bind((0, 0))
        kernel.sendto(header + body, (0, 0))
        answers: list[tuple[int, bytes]] = []
        whole = True
        while True:
            for answer, marks, payload in messages(kernel.recv(_BUFFER)):
                whole = whole and not marks & _INTERRUPTED
                if answer == _ERROR:
                    _check(payload)
                    return answers, whole
                if answer == _DONE:
                    return answers, whole
                answers.append((answer, payload))


def _check(payload: bytes) -> None:
    """An nlmsgerr begins with a negated errno; zero acknowledges."""
    number = -struct.unpack_from("=i", payload)[0]
    if number:
        raise OSError(number, os.strerror(number))

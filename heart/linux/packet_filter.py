"""Filters that the kernel applies to what comes in on a packet socket: who claims an address, and no more.

The language is that of the classic BPF (Documentation/networking/filter.rst in the kernel's sources). Of a
flood that is about other addresses nothing comes up to this process.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from ipaddress import IPv4Address, IPv6Address

from heart.linux import ethernet
from heart.linux.neighbours import ADVERTISEMENT, HOPS, ICMPV6

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_PROGRAM = struct.Struct("@HP")  # sock_fprog: how many instructions, and where they are
_INSTRUCTION = struct.Struct("=HBBI")  # sock_filter: code, jumps where true and where false, operand

_WORD, _HALF, _BYTE = 0x20, 0x28, 0x30  # BPF_LD | BPF_ABS, and how much is loaded
_EQUAL, _RETURN = 0x15, 0x06  # BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K
_EVERYTHING = 0xFFFF

_PACKET_TYPE = 0xFFFFF000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
_OTHER_HOST, _OUTGOING = 3, 4  # of another VLAN, too; packet(7)

# Offsets in a frame, after the Ethernet header of 14 bytes: RFC 826, RFC 8200, RFC 4861.
_TYPE = 12
_ARP_SENDER = 14 + 14
_NEXT_HEADER, _HOP_LIMIT = 14 + 6, 14 + 7
_ICMP_TYPE, _ICMP_TARGET = 14 + 40, 14 + 40 + 8

Test = tuple[int, int, int]
"""What is loaded, from which offset, and what it must be."""


def claims_of(address: IPv4Address | IPv6Address) -> bytes:
    """The filter that lets through ARP from this address, or advertisements of it by their owner."""
    if address.version == 4:
        return _all([(_HALF, _TYPE, ethernet.ARP), (_WORD, _ARP_SENDER, int(address))])
    words = struct.unpack("!4I", address.packed)
    return _all(
        [
            (_HALF, _TYPE, ethernet.IPV6),
            (_BYTE, _NEXT_HEADER, ICMPV6),
            (_BYTE, _HOP_LIMIT, HOPS),
            (_BYTE, _ICMP_TYPE, ADVERTISEMENT),
            *((_WORD, _ICMP_TARGET + 4 * number, word) for number, word in enumerate(words)),
        ]
    )


def attach(packets: socket.socket, program: bytes) -> None:
    """From now on only what passes the filter comes in. Raises OSError."""
    kept = ctypes.create_string_buffer(program)  # the kernel copies it
    count = len(program) // _INSTRUCTION.size
    packets.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _PROGRAM.pack(count, ctypes.addressof(kept)))


def _all(tests: list[Test]) -> bytes:
    """What is meant for another host or sent by this one is dropped, and what fails a test."""
    program = [_INSTRUCTION.pack(_WORD, 0, 0, _PACKET_TYPE)]
    drop = 3 + 2 * len(tests) + 1  # the number of the last instruction
    for own in (_OTHER_HOST, _OUTGOING):
        program.append(_INSTRUCTION.pack(_EQUAL, drop - len(program) - 1, 0, own))
    for load, offset, wanted in tests:
        program.append(_INSTRUCTION.pack(load, 0, 0, offset))
        program.append(_INSTRUCTION.pack(_EQUAL, 0, drop - len(program) - 1, wanted))
    program.append(_INSTRUCTION.pack(_RETURN, 0, 0, _EVERYTHING))
    program.append(_INSTRUCTION.pack(_RETURN, 0, 0, 0))
    return b"".join(program)

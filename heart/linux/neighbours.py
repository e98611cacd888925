"""Unsolicited neighbour advertisements: tell a network which machine an IPv6 address is at now.

RFC 4861: section 4.4 for the format, 7.2.6 for the unsolicited one, which has the override flag.
"""

from __future__ import annotations

import struct
from ipaddress import IPv6Address
from pathlib import Path

from heart.linux import ethernet

ADVERTISEMENT = 136  # the type in ICMPv6
ICMPV6 = 58  # the next header in IPv6
HOPS = 255  # RFC 4861, 7.1.2: what a router has passed on would have less, and is not believed

_ETHERNET = struct.Struct("!6s6sH")
_IPV6 = struct.Struct("!IHBB16s16s")  # version, payload's length, next header, hop limit, from, to
_ADVERTISEMENT = struct.Struct("!BBHI16s BB6s")  # ..., checksum, flags, target; target's link-layer address
_PSEUDO_HEADER = struct.Struct("!16s16sII")  # RFC 8200, section 8.1

_ALL_NODES = IPv6Address("ff02::1").packed
_ALL_NODES_HARDWARE = bytes.fromhex("333300000001")  # RFC 2464, section 7
_VERSION = 6 << 28
_ROUTER, _OVERRIDE = 1 << 31, 1 << 29
_TARGET_LINK_LAYER = 2

_FORWARDING = "/proc/sys/net/ipv6/conf/{}/forwarding"


def frame(mac: bytes, address: str, router: bool) -> bytes:
    """The advertisement to all nodes that `address` is at `mac`, which forwards for others if a `router`."""
    where = IPv6Address(address).packed
    flags = _OVERRIDE | (_ROUTER if router else 0)

    def message(checksum: int) -> bytes:
        return _ADVERTISEMENT.pack(ADVERTISEMENT, 0, checksum, flags, where, _TARGET_LINK_LAYER, 1, mac)

    length = _ADVERTISEMENT.size
    pseudo_header = _PSEUDO_HEADER.pack(where, _ALL_NODES, length, ICMPV6)
    return (
        _ETHERNET.pack(_ALL_NODES_HARDWARE, mac, ethernet.IPV6)
        + _IPV6.pack(_VERSION, length, ICMPV6, HOPS, where, _ALL_NODES)
        + message(_checksum(pseudo_header + message(0)))
    )


def announce(address: str, interface: str) -> None:
    """Announce `address` (without prefix length) once from `interface`; nothing where nobody hears.

    Raises OSError: the interface is gone or down, or we have no CAP_NET_RAW.
    """
    mac = ethernet.hardware_address(interface)
    if mac is not None:
        ethernet.send([frame(mac, address, _is_router(interface))], interface, ethernet.IPV6)


def _is_router(interface: str) -> bool:
    """Whether it forwards: hosts that use it as their router must not be told that it is none."""
    try:
        return Path(_FORWARDING.format(interface)).read_text().strip() != "0"
    except OSError:
        return False


def _checksum(data: bytes) -> int:
    """RFC 1071, of data of an even length."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

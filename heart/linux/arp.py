"""Gratuitous ARP: tells a network which machine an IPv4 address is at now.

RFC 826 for the format; RFC 5227 section 3 for the announcement, which is a request; RFC 5944 section 4.6
for the reply that says the same to those who listen to replies alone.
"""

from __future__ import annotations

import socket
import struct

from heart.linux import ethernet

_FRAME = struct.Struct("!6s6sH HHBBH 6s4s6s4s")  # Ethernet header, then RFC 826
_BROADCAST = b"\xff" * 6
_ETHERTYPE_IPV4 = 0x0800
_HARDWARE_ETHERNET = 1
_REQUEST, _REPLY = 1, 2


def frames(mac: bytes, address: str) -> tuple[bytes, bytes]:
    """The request and the reply that announce `address` at `mac`."""
    where = socket.inet_aton(address)

    def frame(operation: int, target: bytes) -> bytes:
        return _FRAME.pack(
            *(_BROADCAST, mac, ethernet.ARP),
            *(_HARDWARE_ETHERNET, _ETHERTYPE_IPV4, 6, 4, operation),
            *(mac, where, target, where),
        )

    return frame(_REQUEST, bytes(6)), frame(_REPLY, mac)


def announce(address: str, interface: str) -> None:
    """Announce `address` (without prefix length) once from `interface`; nothing where there is no ARP.

    Raises OSError: the interface is gone or down, or we have no CAP_NET_RAW.
    """
    mac = ethernet.hardware_address(interface)
    if mac is not None:
        ethernet.send(frames(mac, address), interface, ethernet.ARP)

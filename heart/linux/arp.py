"""Gratuitous ARP: tells a network which machine an IPv4 address is at now.

RFC 826 for the format; RFC 5227 section 3 for the announcement, which is a request; RFC 5944 section 4.6
for the reply that says the same to those who listen to replies alone.
"""

from __future__ import annotations

import fcntl
import socket
import struct

_FRAME = struct.Struct("!6s6sH HHBBH 6s4s6s4s")  # Ethernet header, then RFC 826
_BROADCAST = b"\xff" * 6
_ETHERTYPE_ARP, _ETHERTYPE_IPV4 = 0x0806, 0x0800
_HARDWARE_ETHERNET = 1
_REQUEST, _REPLY = 1, 2

_SIOCGIFFLAGS, _SIOCGIFHWADDR = 0x8913, 0x8927  # netdevice(7)
_IFF_LOOPBACK, _IFF_NOARP = 0x8, 0x80


def frames(mac: bytes, address: str) -> tuple[bytes, bytes]:
    """The request and the reply that announce `address` at `mac`."""
    where = socket.inet_aton(address)

    def frame(operation: int, target: bytes) -> bytes:
        return _FRAME.pack(
            *(_BROADCAST, mac, _ETHERTYPE_ARP),
            *(_HARDWARE_ETHERNET, _ETHERTYPE_IPV4, 6, 4, operation),
            *(mac, where, target, where),
        )

    return frame(_REQUEST, bytes(6)), frame(_REPLY, mac)


def announce(address: str, interface: str) -> None:
    """Announce `address` (without prefix length) once from `interface`; nothing where there is no ARP.

    Raises OSError: the interface is gone or down, or we have no CAP_NET_RAW.
    """
    mac = _hardware_address(interface)
    if mac is None:
        return
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:  # protocol 0: it receives nothing
        for frame in frames(mac, address):
            sender.sendto(frame, (interface, _ETHERTYPE_ARP))


def _hardware_address(interface: str) -> bytes | None:
    """The Ethernet address of an interface, None if it has none or does not speak ARP."""
    request = struct.pack("16s24x", interface.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        (flags,) = struct.unpack_from("H", fcntl.ioctl(asker, _SIOCGIFFLAGS, request), 16)
        kind, mac = struct.unpack_from("H6s", fcntl.ioctl(asker, _SIOCGIFHWADDR, request), 16)
    if flags & (_IFF_LOOPBACK | _IFF_NOARP) or kind != _HARDWARE_ETHERNET:
        return None
    return bytes(mac)

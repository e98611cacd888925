"""Frames on an Ethernet: from which hardware address, and sent (packet(7), netdevice(7)).

Opening such a socket may take many milliseconds: these belong into a thread. They raise OSError. Closing one
takes some 16 ms (the kernel waits for all processors), in which nobody should have to wait for a thread.
"""

from __future__ import annotations

import fcntl
import socket
import struct
from collections.abc import Iterable
from threading import Thread

ARP, IPV6 = 0x0806, 0x86DD  # types of what a frame carries

_SIOCGIFFLAGS, _SIOCGIFHWADDR = 0x8913, 0x8927
_IFF_LOOPBACK, _IFF_NOARP = 0x8, 0x80
_HARDWARE_ETHERNET = 1


def hardware_address(interface: str) -> bytes | None:
    """The Ethernet address of an interface; None if it has none, or neighbours are not asked for theirs."""
    request = struct.pack("16s24x", interface.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        (flags,) = struct.unpack_from("H", fcntl.ioctl(asker, _SIOCGIFFLAGS, request), 16)
        kind, mac = struct.unpack_from("H6s", fcntl.ioctl(asker, _SIOCGIFHWADDR, request), 16)
    if flags & (_IFF_LOOPBACK | _IFF_NOARP) or kind != _HARDWARE_ETHERNET:
        return None
    return bytes(mac)


def send(frames: Iterable[bytes], interface: str, kind: int) -> None:
    """Send whole frames that carry that `kind`. It is gone or down, or we have no CAP_NET_RAW: OSError."""
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # protocol 0: it receives nothing
    try:
        for frame in frames:
            sender.sendto(frame, (interface, kind))
    finally:
        close_aside(sender)


def close_aside(packets: socket.socket) -> None:
    """Close such a socket, in a thread of its own."""
    Thread(target=packets.close, name="closing", daemon=True).start()


def spell(hardware: bytes) -> str:
    """A hardware address as people write it: '02:00:00:00:00:01'."""
    return hardware.hex(":")

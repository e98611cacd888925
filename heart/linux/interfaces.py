"""Network interfaces of Linux: what an interface has now, and a socket bound to it (man 7 netdevice).

`look_at` may stall: its ioctls take the kernel's RTNL lock and may load a module. It belongs into a thread.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from dataclasses import dataclass

from netaddr import IPNetwork

# linux/sockios.h
SIOCGIFFLAGS = 0x8913
SIOCGIFADDR = 0x8915
SIOCGIFNETMASK = 0x891B
SIOCGIFINDEX = 0x8933

IFF_UP = 0x1  # linux/if.h

IFNAMSIZ = 16
_REQUEST = struct.Struct(f"{IFNAMSIZ}s24x")  # struct ifreq on 64-bit machines; shorter ones read less of it


class InterfaceUnusable(Exception):
    """An interface cannot carry beats now; its text is one line for a person, which names it."""


@dataclass(frozen=True, slots=True)
class Interface:
    """What an interface has now; another `index` under the same name is another interface."""

    name: str
    index: int
    network: str
    broadcast: str

    def __str__(self) -> str:
        return f"interface {self.name} ({self.network})"


def look_at(name: str) -> Interface:
    """What the interface has now: its index, its first IPv4 address with prefix length, its broadcast.

    Raises InterfaceUnusable where it is absent, down, or without an address that has a broadcast.
    """
    if not hasattr(socket, "SO_BINDTODEVICE"):
        raise InterfaceUnusable(f"interface {name}: needs Linux; give the link a broadcast address instead")
    if len(name.encode()) >= IFNAMSIZ:  # the kernel would cut it, and find another interface
        raise InterfaceUnusable(
            f"interface {name}: no name of an interface is longer than {IFNAMSIZ - 1} bytes"
        )
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            return _read(asking, name)
    except OSError as error:
        raise InterfaceUnusable(_reason(name, error)) from error


def bind_to_interface(bound: socket.socket, interface: Interface) -> None:
    """Let a socket send and hear on that interface alone (SO_BINDTODEVICE, man 7 socket).

    Raises InterfaceUnusable where the interface has gone or the permission lacks.
    """
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.name.encode() + b"\0")
    except PermissionError as error:
        reason = f"interface {interface.name}: no permission to bind to it; run as root or with CAP_NET_RAW"
        raise InterfaceUnusable(reason) from error
    except OSError as error:
        raise InterfaceUnusable(_reason(interface.name, error)) from error


def _read(asking: socket.socket, name: str) -> Interface:
    """Ask the kernel by ioctl; raises OSError as the ioctls do."""
    (index,) = struct.unpack_from("i", _ioctl(asking, SIOCGIFINDEX, name))
    (flags,) = struct.unpack_from("H", _ioctl(asking, SIOCGIFFLAGS, name))
    if not flags & IFF_UP:
        raise InterfaceUnusable(f"interface {name} is down")
    address = socket.inet_ntoa(_ioctl(asking, SIOCGIFADDR, name)[4:8])
    netmask = socket.inet_ntoa(_ioctl(asking, SIOCGIFNETMASK, name)[4:8])
    network = IPNetwork(f"{address}/{netmask}")
    if network.broadcast is None:
        raise InterfaceUnusable(f"interface {name} has {network}, a network without a broadcast address")
    return Interface(name, index, str(network), str(network.broadcast))


def _ioctl(asking: socket.socket, request: int, name: str) -> bytes:
    """The union of struct ifreq, as the kernel filled it in."""
    return fcntl.ioctl(asking.fileno(), request, _REQUEST.pack(name.encode()))[IFNAMSIZ:]


def _reason(name: str, error: OSError) -> str:
    if error.errno in (errno.ENODEV, errno.ENXIO):
        return f"interface {name} is not there"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"interface {name} has no IPv4 address"
    return f"interface {name}: {os.strerror(error.errno or 0)}"

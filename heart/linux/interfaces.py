"""Network interfaces of Linux: what an interface has now, and a socket bound to it (man 7 netdevice).

All looks may stall: they take the kernel's RTNL lock and may load a module. They belong into a thread.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path

from netaddr import IPNetwork

from heart.linux.routes import interface_towards

# linux/sockios.h
SIOCGIFFLAGS = 0x8913
SIOCGIFADDR = 0x8915
SIOCGIFNETMASK = 0x891B
SIOCGIFINDEX = 0x8933

IFF_UP = 0x1  # linux/if.h

IFNAMSIZ = 16

_IF_INET6 = Path("/proc/thread-self/net/if_inet6")  # address, index, prefix, scope, flags in hex; name
_SCOPE_LINK = 0x20  # net/ipv6.h, IPV6_ADDR_LINKLOCAL
_NOT_READY = 0x48  # linux/if_addr.h, IFA_F_TENTATIVE and IFA_F_DADFAILED

_REQUEST = struct.Struct(f"{IFNAMSIZ}s24x")  # struct ifreq on 64-bit machines; shorter ones read less of it


class InterfaceUnusable(Exception):
    """An interface cannot carry beats now; its text is one line for a person, which names it."""


@dataclass(frozen=True, slots=True)
class Interface:
    """What an interface has now; another `index` under the same name is another interface.

    `network` is its address with prefix length. `broadcast` is empty where it was not asked for.
    """

    name: str
    index: int
    network: str
    broadcast: str = ""

    def __str__(self) -> str:
        return f"interface {self.name} ({self.network})"


def look_at(name: str) -> Interface:
    """What the interface has now: its index, its first IPv4 address with prefix length, its broadcast.

    Raises InterfaceUnusable where it is absent, down, or without an address that has a broadcast.
    """
    return _look(name, _read_broadcast)


def look_for_group(name: str, group: str) -> Interface:
    """What the interface has now for a multicast group: its index, and an address of the group's family.

    Raises InterfaceUnusable where it is absent, down, or without such an address.
    """
    return _look(name, _read_ipv6 if ":" in group else _read_ipv4)


def look_towards(group: str) -> Interface:
    """As `look_for_group`, for the interface by which this machine's routes reach the group."""
    if not hasattr(socket, "AF_NETLINK"):
        raise InterfaceUnusable(f"group {group}: needs Linux; give the link a broadcast address instead")
    try:
        name = interface_towards(group)
    except OSError as error:
        raise InterfaceUnusable(f"no route to the group {group}: {os.strerror(error.errno or 0)}") from error
    return look_for_group(name, group)


def _look(name: str, read: Callable[[socket.socket, str], Interface]) -> Interface:
    if not hasattr(socket, "SO_BINDTODEVICE"):
        raise InterfaceUnusable(f"interface {name}: needs Linux; give the link a broadcast address instead")
    if len(name.encode()) >= IFNAMSIZ:  # the kernel would cut it, and find another interface
        raise InterfaceUnusable(
            f"interface {name}: no name of an interface is longer than {IFNAMSIZ - 1} bytes"
        )
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            return read(asking, name)
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


def _read_broadcast(asking: socket.socket, name: str) -> Interface:
    """Ask the kernel by ioctl; raises OSError as the ioctls do."""
    found = _read_ipv4(asking, name)
    broadcast = IPNetwork(found.network).broadcast
    if broadcast is None:
        raise InterfaceUnusable(
            f"interface {name} has {found.network}, a network without a broadcast address"
        )
    return Interface(name, found.index, found.network, str(broadcast))


def _read_ipv4(asking: socket.socket, name: str) -> Interface:
    index = _index_of(asking, name)
    address = socket.inet_ntoa(_ioctl(asking, SIOCGIFADDR, name)[4:8])
    netmask = socket.inet_ntoa(_ioctl(asking, SIOCGIFNETMASK, name)[4:8])
    return Interface(name, index, str(IPNetwork(f"{address}/{netmask}")))


def _read_ipv6(asking: socket.socket, name: str) -> Interface:
    """Its first link-local address: that is the source of what goes to a group on one network."""
    index = _index_of(asking, name)
    try:
        lines = _IF_INET6.read_text().splitlines()
    except FileNotFoundError:  # a kernel without IPv6
        lines = []
    for address, at, prefix, scope, flags, _ in map(str.split, lines):
        ready = int(scope, 16) == _SCOPE_LINK and not int(flags, 16) & _NOT_READY
        if int(at, 16) == index and ready:
            return Interface(name, index, f"{IPv6Address(bytes.fromhex(address))}/{int(prefix, 16)}")
    raise InterfaceUnusable(f"interface {name} has no link-local IPv6 address that is ready")


def _index_of(asking: socket.socket, name: str) -> int:
    """The index of an interface that is up."""
    (index,) = struct.unpack_from("i", _ioctl(asking, SIOCGIFINDEX, name))
    (flags,) = struct.unpack_from("H", _ioctl(asking, SIOCGIFFLAGS, name))
    if not flags & IFF_UP:
        raise InterfaceUnusable(f"interface {name} is down")
    return int(index)


def _ioctl(asking: socket.socket, request: int, name: str) -> bytes:
    """The union of struct ifreq, as the kernel filled it in."""
    return fcntl.ioctl(asking.fileno(), request, _REQUEST.pack(name.encode()))[IFNAMSIZ:]


def _reason(name: str, error: OSError) -> str:
    if error.errno in (errno.ENODEV, errno.ENXIO):
        return f"interface {name} is not there"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"interface {name} has no IPv4 address"
    return f"interface {name}: {os.strerror(error.errno or 0)}"

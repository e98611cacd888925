"""The domains that a UDP link's frames may reach: a broadcast address, an interface's, a multicast group.

All who are on a domain hear what is sent to it, the sender too. A domain says whereto frames go, and
makes the socket; `heart.links.udp` sees to it that there is one.
"""

from __future__ import annotations

import socket
import struct
from typing import Protocol

from heart.config import model
from heart.links.datagrams import Address, datagram_socket
from heart.linux.interfaces import (
    Interface,
    bind_to_interface,
    look_at,
    look_for_group,
    look_towards,
)

_HOPS = 1  # a router passes nothing on: beats stay on the network that they are sent on


class Domain(Protocol):
    """Whereto a link's frames go. `interface` is what `look` gave, or None where nothing is looked at."""

    watched: bool  # whether it depends on an interface, which is to be looked at
    joins: bool  # whether opening and closing its sockets may stall, in the kernel's lists of groups

    def look(self) -> Interface:
        """The interface as it is now. May stall. Raises InterfaceUnusable."""

    def target(self, interface: Interface | None) -> Address:
        """The address to which frames are sent."""

    def open(self, interface: Interface | None) -> socket.socket:
        """A socket that sends there, and shares its port. Raises InterfaceUnusable and OSError."""

    def describe(self, interface: Interface | None) -> str:
        """It in a few words, for a reason."""


def domain_of(settings: model.UdpLink) -> Domain:
    """The domain that a configuration describes."""
    if settings.group is not None:
        return Group(settings.group, settings.port, settings.interface)
    if settings.interface is not None:
        return InterfaceBroadcast(settings.interface, settings.port)
    return Broadcast(settings.broadcast or "", settings.port)


class Broadcast:
    """A broadcast address, on whichever interface the routes choose."""

    watched = False
    joins = False

    def __init__(self, address: str, port: int) -> None:
        self._target = (address, port)

    def look(self) -> Interface:
        """Never called: there is nothing to look at."""
        raise NotImplementedError

    def target(self, interface: Interface | None) -> Address:
        """The broadcast address."""
        return self._target

    def open(self, interface: Interface | None) -> socket.socket:
        """A socket that hears what is sent to any address of its port."""
        return broadcast_socket(self._target[1], None)

    def describe(self, interface: Interface | None) -> str:
        """The address and port."""
        return f"broadcast {self._target[0]} port {self._target[1]}"


class InterfaceBroadcast:
    """The broadcast address that an interface has; nothing is heard from other interfaces."""

    watched = True
    joins = False

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._port = port

    def look(self) -> Interface:
        """The interface with its broadcast address."""
        return look_at(self._name)

    def target(self, interface: Interface | None) -> Address:
        """The broadcast address that it has now; empty before the first look."""
        return ("" if interface is None else interface.broadcast, self._port)

    def open(self, interface: Interface | None) -> socket.socket:
        """A socket that is bound to the interface."""
        return broadcast_socket(self._port, interface)

    def describe(self, interface: Interface | None) -> str:
        """The interface, its broadcast address and the port."""
        address = "" if interface is None else f", broadcast {interface.broadcast}"
        return f"interface {self._name}{address} port {self._port}"


class Group:
    """A multicast group, IPv4 (RFC 1112) or IPv6 (RFC 4291, section 2.7), on one interface.

    It is the interface `name`; else the one by which the routes reach the group, looked for anew all
    the time: a socket that joined on an interface that has gone would be deaf, and not know it.
    """

    watched = True
    joins = True

    def __init__(self, group: str, port: int, name: str | None) -> None:
        self._group = group
        self._port = port
        self._name = name
        self._is_ipv6 = ":" in group

    def look(self) -> Interface:
        """The interface with an address of the group's family."""
        return look_towards(self._group) if self._name is None else look_for_group(self._name, self._group)

    def target(self, interface: Interface | None) -> Address:
        """The group, on the interface."""
        if not self._is_ipv6:
            return (self._group, self._port)
        return (self._group, self._port, 0, 0 if interface is None else interface.index)

    def open(self, interface: Interface | None) -> socket.socket:
        """A socket that joined the group, and hears what is sent to this group and port alone."""
        if interface is None:
            raise ValueError("a group is joined on an interface")
        fresh = datagram_socket(socket.AF_INET6 if self._is_ipv6 else socket.AF_INET)
        try:
            fresh.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._name is not None:
                bind_to_interface(fresh, interface)
            self._join(fresh, interface.index)
            fresh.bind(self.target(interface))
        except BaseException:
            fresh.close()
            raise
        return fresh

    def describe(self, interface: Interface | None) -> str:
        """The interface, the group and the port."""
        name = self._name or (interface.name if interface is not None else None)
        where = "" if name is None else f"interface {name}, "
        return f"{where}group {self._group} port {self._port}"

    def _join(self, fresh: socket.socket, index: int) -> None:
        """Join, and let what is sent go out there, no farther than one network, and back to this machine."""
        if self._is_ipv6:
            member = struct.pack("@16si", socket.inet_pton(socket.AF_INET6, self._group), index)
            fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
            fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, _HOPS)
            fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)
            return
        member = struct.pack("@4s4si", socket.inet_aton(self._group), bytes(4), index)  # ip_mreqn, ip(7)
        fresh.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        fresh.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, member)
        fresh.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _HOPS)
        fresh.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)


def broadcast_socket(port: int, interface: Interface | None) -> socket.socket:
    """A socket that broadcasts, shares the port, and hears what is sent to any address of it.

    Bound to the wildcard address: one bound to an interface's own address hears no broadcast. Raises
    InterfaceUnusable, and OSError where the port cannot be had.
    """
    fresh = datagram_socket(socket.AF_INET)
    try:
        fresh.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        fresh.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if interface is not None:
            bind_to_interface(fresh, interface)
        fresh.bind(("", port))
    except BaseException:
        fresh.close()
        raise
    return fresh

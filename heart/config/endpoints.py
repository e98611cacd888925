"""Converters for what UDP is sent to: multicast groups, and the hosts of peers with their ports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from heart.config.values import Unfit

_GROUP = 'a multicast address such as "239.1.2.3" or "ff02::4865"'
_PEER = 'a host, with or without a port, such as "10.0.0.2:694", "[fd00::2]:694" or "beta.example.net"'

_BRACKETED = re.compile(r"\[([^\]]*)\](?::(.*))?")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)*{_LABEL}\.?")  # RFC 1123, 2.1; and _, which is in use
_NUMBERED = re.compile(r"(.*\.)?[0-9]+\.?")  # no name ends so: it is an IPv4 address gone wrong

_SCOPE_MACHINE, _SCOPE_NETWORK = 1, 2  # RFC 4291, section 2.7


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host's name or address, and the port where one is said."""

    host: str
    port: int | None = None


def group(value: object) -> str:
    """The address of a multicast group, IPv4 or IPv6."""
    if isinstance(value, str) and "%" in value:
        raise Unfit(_GROUP, "the interface is said by the key interface")
    address = _address(value)
    if address is None or not address.is_multicast:
        raise Unfit(_GROUP)
    if address.version == 6 and _scope(address) == _SCOPE_MACHINE:
        raise Unfit(_GROUP, "what is sent to ff01::/16 never leaves the machine")
    if address.version == 6 and _scope(address) in (0, 15):
        raise Unfit(_GROUP, "this one is reserved")
    return str(address)


def is_local(address: str) -> bool:
    """Whether this group is another one on each network, so that an interface must be said."""
    return ":" in address and _scope(IPv6Address(address)) == _SCOPE_NETWORK


def peer(value: object) -> Endpoint:
    """Where a peer listens: a name, an IPv4 or an IPv6 address, which stands in brackets before a port."""
    if not isinstance(value, str):
        raise Unfit(_PEER)
    bracketed = _BRACKETED.fullmatch(value)
    if bracketed:
        if ":" not in bracketed[1]:
            raise Unfit(_PEER, "only an IPv6 address stands in brackets")
        return Endpoint(_host(bracketed[1]), _port(bracketed[2]))
    if value.count(":") > 1:
        return Endpoint(_host(value))
    host, colon, port = value.partition(":")
    return Endpoint(_host(host), _port(port if colon else None))


def _port(written: str | None) -> int | None:
    if written is None:
        return None
    if re.fullmatch(r"[0-9]{1,5}", written) and 1 <= int(written) <= 65535:
        return int(written)
    raise Unfit(_PEER, "a port is a whole number from 1 to 65535")


def _host(written: str) -> str:
    address = _address(written)
    if address is not None:
        return _host_address(address)
    name = written.lower()
    if ":" in name or _NUMBERED.fullmatch(name) or not _NAME.fullmatch(name):
        raise Unfit(_PEER)
    return name


def _host_address(address: IPv4Address | IPv6Address) -> str:
    if address.version == 6 and (address.is_link_local or address.scope_id is not None):
        raise Unfit(
            _PEER, 'a link-local address is no place in itself: use group = "ff02::4865" with an interface'
        )
    if address.is_multicast or address.is_unspecified or address == IPv4Address("255.255.255.255"):
        raise Unfit(_PEER, "this is no address of a host")
    return str(address.ipv4_mapped or address) if address.version == 6 else str(address)


def _address(value: object) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _scope(address: IPv6Address) -> int:
    return address.packed[1] & 0xF

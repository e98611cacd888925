"""Converters from a value of the file to what it means; each refuses what does not fit.

None never occurs in a TOML file: every converter refuses it, which says what was expected where a
key is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv6Interface, ip_interface

from heart.config.durations import EXPECTED, format_duration, parse_duration

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
NAME_EXPECTED = "a name of at most 63 of a-z, 0-9, - and . that begins with a letter or digit"

_BROADCAST = 'an IPv4 broadcast address such as "10.0.0.255"'
_INTERFACE = re.compile(r"[!-.0-9;-~]{1,15}")  # what Linux takes: no space, slash or colon
_CIDR = re.compile(r"([0-9.]{7,15}/([1-9]|[12][0-9]|3[0-2]))|([0-9A-Fa-f:.]{2,45}/([1-9][0-9]{0,2}))")
_HELD = 'an IPv4 or IPv6 address with its prefix length such as "10.0.0.100/24" or "fd00::100/64"'
_HOST = "the address of a host"


class Unfit(Exception):
    """A value does not fit; the text says what was expected, `advice` what to do about it."""

    def __init__(self, expected: str, advice: str = "") -> None:
        super().__init__(f"expected {expected}")
        self.advice = advice


def name(value: object) -> str:
    """A name of a cluster, node, link or service."""
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    raise Unfit(NAME_EXPECTED)


def names(value: object) -> tuple[str, ...]:
    """A list of at least one string; whether they name anything is for the caller to say."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise Unfit('a list of names such as ["alpha", "beta"]')


def boolean(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise Unfit("true or false")


def integer(least: int, most: int) -> Callable[[object], int]:
    """A converter for whole numbers between two bounds, both included."""

    def convert(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise Unfit(f"a whole number from {least} to {most}")

    return convert


def number_of(choices: Collection[int]) -> Callable[[object], int]:
    """A converter for one of a few whole numbers."""

    def convert(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value in choices:
            return value
        raise Unfit(f"one of {', '.join(map(str, choices))}")

    return convert


def duration(value: object) -> float:
    """A duration above zero, in seconds."""
    if not isinstance(value, str):
        raise Unfit(EXPECTED)
    try:
        seconds = parse_duration(value)
    except ValueError as error:
        raise Unfit(str(error).removeprefix("expected ")) from None
    if seconds == 0:
        raise Unfit("more than 0s")
    return seconds


def path(value: object) -> str:
    """A path, absolute or relative to the file's folder, as it is written."""
    if not isinstance(value, str) or not value or not value.isprintable():
        raise Unfit("a path such as /etc/heart/heart.key or one relative to the file's folder")
    if value.startswith("~"):
        raise Unfit("an absolute path or one relative to the file's folder", "~ has no meaning here")
    return value


def command(value: object) -> tuple[str, ...]:
    """A command: a list whose first string is a path, as it is written."""
    if not isinstance(value, list) or not value or not all(_is_argument(item) for item in value):
        raise Unfit('a list of non-empty strings such as ["/etc/heart/scripts/web"]')
    path(value[0])
    return tuple(value)


def _is_argument(item: object) -> bool:
    return isinstance(item, str) and item != "" and "\0" not in item


def interface(value: object) -> str:
    """The name of a network interface."""
    if isinstance(value, str) and _INTERFACE.fullmatch(value) and value not in (".", ".."):
        return value
    raise Unfit('the name of a network interface such as "eth0"')


def broadcast(value: object) -> str:
    """The IPv4 address of a broadcast domain."""
    try:
        address = IPv4Address(value if isinstance(value, str) else "")
    except AddressValueError:
        is_ipv6 = isinstance(value, str) and value.count(":") > 1
        raise Unfit(_BROADCAST, "IPv6 has none: use group" if is_ipv6 else "") from None
    if address.is_multicast:
        raise Unfit(_BROADCAST, "this is a multicast address: use group")
    if address.is_unspecified:
        raise Unfit(_BROADCAST)
    return str(address)


def cidr(value: object) -> str:
    """An IPv4 or IPv6 address of a host with its prefix length, as it is spelled canonically."""
    match = _CIDR.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        scoped = isinstance(value, str) and "%" in value
        raise Unfit(_HELD, "the interface is said by the key interface" if scoped else "")
    try:
        held = ip_interface(match[0])
    except ValueError:
        raise Unfit(_HELD) from None
    if isinstance(held, IPv4Interface):
        _refuse_no_host(held)
    else:
        _refuse_no_service(held)
    return str(held)


def _refuse_no_host(held: IPv4Interface) -> None:
    network = held.network
    if network.prefixlen < 31 and held.ip == network.network_address:
        raise Unfit(_HOST, f"{held.ip} is the network's own address in {network}")
    if network.prefixlen < 31 and held.ip == network.broadcast_address:
        raise Unfit(_HOST, f"{held.ip} is the broadcast address of {network}")
    if held.ip.is_multicast or held.ip.packed[0] == 0 or held.ip == IPv4Address("255.255.255.255"):
        raise Unfit(_HOST)


def _refuse_no_service(held: IPv6Interface) -> None:
    """What no client could reach one machine by."""
    ip, network = held.ip, held.network
    if ip.ipv4_mapped is not None:
        raise Unfit(_HOST, f"this is an IPv4 address: write {ip.ipv4_mapped} and its own prefix length")
    if ip.is_unspecified or ip.is_loopback:
        raise Unfit(_HOST, "every machine has this one")
    if ip.is_multicast:
        raise Unfit(_HOST, "this is a multicast address")
    if ip.is_link_local:
        raise Unfit(_HOST, "a link-local address says nothing without an interface of the client's own")
    if network.prefixlen < 127 and ip == network.network_address:  # RFC 4291, 2.6.1; RFC 6164
        raise Unfit(_HOST, f"{ip} is that of any router in {network}")


def at_most(longest: float) -> Callable[[object], float]:
    """A converter for a duration from 0s to `longest` seconds, both included."""

    def convert(value: object) -> float:
        seconds = 0.0 if value == "0s" else duration(value)
        if seconds > longest:
            raise Unfit(f"at most {format_duration(longest)}")
        return seconds

    return convert

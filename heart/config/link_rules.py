"""What must hold between links: no two of them on one medium, and all nodes of one link alike."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import combinations

from heart.config.links import Views
from heart.config.model import Link, PluginLink, SerialLink, UdpLink
from heart.config.problems import Problems, listed

Pairs = dict[str, tuple[Link, Link]]  # two links as each node that has both sees them


def check_links(problems: Problems, views: Views) -> None:
    """Note links that get in each other's way, and links whose nodes cannot hear each other."""
    for link, by_node in views.items():
        _check_alike(problems, link, by_node)
    for first, second in combinations(views, 2):
        pairs = {
            node: (views[first][node], views[second][node]) for node in views[first] if node in views[second]
        }
        _check_media(problems, first, second, pairs)


def _check_media(problems: Problems, first: str, second: str, pairs: Pairs) -> None:
    shared = [node for node, (one, other) in pairs.items() if _medium(one) == _medium(other)]
    if shared:
        problems.error(
            ("links", second),
            f"{_describe(pairs[shared[0]][1])} on {listed(shared)} is that of links.{first} too; "
            "expected a medium of its own",
        )
    apart = {node: pair for node, pair in pairs.items() if node not in shared}
    crowded = [node for node, pair in apart.items() if _crowd(*pair)]
    if crowded:
        problems.error(
            ("links", second, "port"),
            f"on {listed(crowded)} it is that of links.{first} too; expected one that a link with peers "
            "shares with no other link",
        )
    mixed = [node for node, pair in apart.items() if _mix(*pair)]
    if mixed:
        problems.warn(
            ("links", second, "port"),
            f"on {listed(mixed)} beats of this link and of links.{first} are heard on both, "
            "since they share a port: give each a port of its own, or an interface",
        )


def _medium(link: Link) -> Hashable:
    if isinstance(link, SerialLink):
        return link.device
    if isinstance(link, PluginLink):
        return link.name  # what it is on is for the plug-in to know
    return link.port, link.broadcast, link.interface, link.group, link.peers


def _crowd(one: Link, other: Link) -> bool:
    """Whether two UDP links share a port that one of them needs alone."""
    if not isinstance(one, UdpLink) or not isinstance(other, UdpLink):
        return False
    return one.port == other.port and bool(one.peers or other.peers)


def _mix(one: Link, other: Link) -> bool:
    """Whether one of two UDP links is not tied to an interface, and so hears what is meant for the other."""
    if not isinstance(one, UdpLink) or not isinstance(other, UdpLink) or one.peers or other.peers:
        return False
    free = one.interface is None or other.interface is None
    return one.port == other.port and one.group == other.group and free


def _describe(link: Link) -> str:
    if isinstance(link, SerialLink):
        return f"the device {link.device}"
    if isinstance(link, PluginLink):
        return f"the medium of {link.name}"
    return f"the {_describe_udp(link)} with port {link.port}"


def _describe_udp(link: UdpLink) -> str:
    if link.peers:
        return "list of peers"
    if link.group is not None:
        return f"group {link.group}" + ("" if link.interface is None else f" on interface {link.interface}")
    if link.broadcast is not None:
        return f"broadcast address {link.broadcast}"
    return f"interface {link.interface}"


def _check_alike(problems: Problems, link: str, by_node: dict[str, Link]) -> None:
    for key, values in _shared_keys(by_node):
        if len(set(values.values())) > 1:
            differing = listed(f"{value} on {node}" for node, value in values.items())
            problems.error(("links", link, key), f"{differing}; expected the same on every node of the link")


def _shared_keys(by_node: dict[str, Link]) -> Iterator[tuple[str, dict[str, int | str]]]:
    udp = {node: link for node, link in by_node.items() if isinstance(link, UdpLink)}
    yield "group", {node: link.group or "none" for node, link in udp.items()}
    yield "port", {node: link.port for node, link in udp.items() if not link.peers}
    yield "baud", {node: link.baud for node, link in by_node.items() if isinstance(link, SerialLink)}

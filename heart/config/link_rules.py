"""What must hold between links: no two of them on one medium, and all nodes of one link alike."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import combinations

from heart.config.links import Views
from heart.config.model import Link, SerialLink, UdpLink
from heart.config.problems import Problems, listed


def check_links(problems: Problems, views: Views) -> None:
    """Note links that get in each other's way, and links whose nodes cannot hear each other."""
    for link, by_node in views.items():
        _check_alike(problems, link, by_node)
    for first, second in combinations(views, 2):
        pairs = {
            node: (views[first][node], views[second][node]) for node in views[first] if node in views[second]
        }
        shared = [node for node, (one, other) in pairs.items() if _medium(one) == _medium(other)]
        if shared:
            problems.error(
                ("links", second),
                f"{_describe(views[second][shared[0]])} on {listed(shared)} is that of links.{first} too; "
                "expected a medium of its own",
            )
        mixed = [node for node, (one, other) in pairs.items() if node not in shared and _mix(one, other)]
        if mixed:
            problems.warn(
                ("links", second, "port"),
                f"on {listed(mixed)} beats of this link and of links.{first} are heard on both, "
                "since they share a port: give each a port of its own, or an interface",
            )


def _medium(link: Link) -> Hashable:
    if isinstance(link, SerialLink):
        return link.device
    return link.port, link.broadcast, link.interface


def _mix(one: Link, other: Link) -> bool:
    """Whether one of two UDP links is not tied to an interface, and so hears what comes to their port."""
    if isinstance(one, SerialLink) or isinstance(other, SerialLink):
        return False
    return one.port == other.port and (one.interface is None or other.interface is None)


def _describe(link: Link) -> str:
    if isinstance(link, SerialLink):
        return f"the device {link.device}"
    medium = (
        f"interface {link.interface}" if link.broadcast is None else f"broadcast address {link.broadcast}"
    )
    return f"the {medium} with port {link.port}"


def _check_alike(problems: Problems, link: str, by_node: dict[str, Link]) -> None:
    for key, values in _shared_keys(by_node):
        if len(set(values.values())) > 1:
            differing = listed(f"{value} on {node}" for node, value in values.items())
            problems.error(("links", link, key), f"{differing}; expected the same on every node of the link")


def _shared_keys(by_node: dict[str, Link]) -> Iterator[tuple[str, dict[str, int]]]:
    yield "port", {node: link.port for node, link in by_node.items() if isinstance(link, UdpLink)}
    yield "baud", {node: link.baud for node, link in by_node.items() if isinstance(link, SerialLink)}

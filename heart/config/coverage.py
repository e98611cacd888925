"""How well the links join the nodes, and what follows from it under the arbiter `trust`."""

from __future__ import annotations

from itertools import combinations

from heart.config.links import Views
from heart.config.model import Service
from heart.config.nodes import Nodes
from heart.config.problems import Problems, listed
from heart.core.room import MOST_LINKS, MOST_SERVICES

Pair = tuple[str, str]


def check_size(problems: Problems, nodes: Nodes, views: Views, services: tuple[Service, ...]) -> None:
    """Note what would not fit into a beat: more links on a node, or more services, than it can speak of."""
    for node in nodes.names():
        links = sum(node in by_node for by_node in views.values())
        if links > MOST_LINKS:
            problems.error(("links",), f"expected {MOST_LINKS} links at most on a node; {node} has {links}")
    if len(services) > MOST_SERVICES:
        problems.error(("services",), f"expected {MOST_SERVICES} services at most, not {len(services)}")


def check_coverage(problems: Problems, nodes: Nodes, views: Views, services: tuple[Service, ...]) -> None:
    """Note nodes and pairs of holders that no link joins; warn of those joined by one link alone."""
    names = nodes.names()
    if len(names) == 1:
        problems.warn(("nodes",), "there is only one node: nothing can take over from it")
        return
    reach = {node: frozenset(link for link, by_node in views.items() if node in by_node) for node in names}
    for node in names:
        if not reach[node]:
            problems.error(("nodes", node), "no link reaches this node; expected one at least")
    common = {pair: len(reach[pair[0]] & reach[pair[1]]) for pair in _rivals(names, services)}
    _check_joined(problems, [pair for pair, count in common.items() if not count], reach)
    _warn_of_single(problems, [pair for pair, count in common.items() if count == 1])
    if len(names) == 2 and common:
        problems.warn(
            ("arbiter",),
            "trust takes silence for death: with every link cut and both nodes alive, both hold the services",
        )


def _rivals(names: tuple[str, ...], services: tuple[Service, ...]) -> list[Pair]:
    """The pairs of nodes that may hold the same service."""
    groups = [tuple(name for name in names if name in service.nodes) for service in services]
    return list(dict.fromkeys(pair for group in groups for pair in combinations(group, 2)))


def _check_joined(problems: Problems, apart: list[Pair], reach: dict[str, frozenset[str]]) -> None:
    for one, other in apart:
        if reach[one] and reach[other]:
            problems.error(
                ("links",),
                f"{one} and {other} may hold the same service and share no link; expected one at least",
            )


def _warn_of_single(problems: Problems, single: list[Pair]) -> None:
    if single:
        between = listed((f"{one} and {other}" for one, other in single), most=3)
        problems.warn(
            ("links",),
            f"ONLY ONE LINK between {between}: when it breaks, BOTH WILL HOLD the same service; "
            "add a link that shares nothing with it, such as a serial cable",
        )

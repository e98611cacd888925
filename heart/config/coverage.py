"""How well the links join the nodes, and what follows from it under the arbiters `trust` and `quorum`."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import combinations

from heart.beat import MOST_HOPS
from heart.config.links import Views
from heart.config.model import QUORUM, Service
from heart.config.nodes import Nodes
from heart.config.problems import Problems, listed
from heart.core.services.electorate import needed_of
from heart.core.talk.room import MOST_LINKS, MOST_SERVICES, MOST_VOTED

Pair = tuple[str, str]
Links = Mapping[str, frozenset[str]]  # the nodes of each link


def check_size(
    problems: Problems, nodes: Nodes, views: Views, services: tuple[Service, ...], arbiter: str
) -> None:
    """Note what would not fit into a beat: more links on a node, or more services, than it can speak of."""
    for node in nodes.names():
        links = sum(node in by_node for by_node in views.values())
        if links > MOST_LINKS:
            problems.error(("links",), f"expected {MOST_LINKS} links at most on a node; {node} has {links}")
    most, under = (MOST_VOTED, " under quorum") if arbiter == QUORUM else (MOST_SERVICES, "")
    if len(services) > most:
        problems.error(("services",), f"expected {most} services at most{under}, not {len(services)}")


def check_coverage(
    problems: Problems, nodes: Nodes, views: Views, services: tuple[Service, ...], arbiter: str
) -> None:
    """Note nodes and pairs of holders that no chain of links joins.

    Under `trust` warn of those that one link or one node keeps together, and of what a cut of all links
    does.
    """
    names = nodes.names()
    if len(names) == 1:
        problems.warn(("nodes",), "there is only one node: nothing can take over from it")
        return
    links = {link: frozenset(by_node) for link, by_node in views.items()}
    alone = [node for node in names if not any(node in on for on in links.values())]
    for node in alone:
        problems.error(("nodes", node), "no link reaches this node; expected one at least")
    rivals = [pair for pair in _rivals(names, services) if not set(pair) & set(alone)]
    joined = [pair for pair in rivals if _check_joined(problems, links, *pair)]
    if arbiter == QUORUM:
        _check_voters(problems, nodes, links, services)
    if arbiter != "trust":
        return
    _warn_of_single(problems, names, links, joined)
    if len(names) == 2 and rivals:
        problems.warn(
            ("arbiter",),
            "trust takes silence for death: with every link cut and both nodes alive, both hold the services",
        )


def _check_voters(problems: Problems, nodes: Nodes, links: Links, services: tuple[Service, ...]) -> None:
    """Note who could never get a majority, and a number of voters that is worth no more than a smaller."""
    names = nodes.names()
    needed = needed_of(names)
    for holder in names:
        near = sum(away <= MOST_HOPS + 1 for away in distances(links, holder).values())
        if near < needed and any(holder in service.nodes for service in services):
            problems.error(
                ("links",),
                f"{holder} may hold a service, and links join it to {near} of {len(names)} voters, itself "
                f"included; expected {needed}, a majority",
            )
    if len(names) == 2:
        problems.warn(
            ("arbiter",),
            "a quorum of two needs both: when one node dies the other holds nothing; "
            "add a third node, be it a witness",
        )
    elif len(names) % 2 == 0 and nodes.witnesses():
        problems.warn(
            ("arbiter",),
            f"a quorum of {len(names)} outlives no more deaths than one of {len(names) - 1}: "
            "leave a witness out, or add one",
        )


def _rivals(names: tuple[str, ...], services: tuple[Service, ...]) -> list[Pair]:
    """The pairs of nodes that may hold the same service."""
    groups = [tuple(name for name in names if name in service.nodes) for service in services]
    return list(dict.fromkeys(pair for group in groups for pair in combinations(group, 2)))


def _check_joined(problems: Problems, links: Links, one: str, other: str) -> bool:
    """Whether beats of the one come to the other, passed on by others where they share no link."""
    away = distances(links, one).get(other)
    if away is None:
        problems.error(
            ("links",),
            f"{one} and {other} may hold the same service, and no chain of links joins them; expected one",
        )
    elif away > MOST_HOPS + 1:
        problems.error(
            ("links",), f"{one} and {other} are {away} links apart; expected {MOST_HOPS + 1} at most"
        )
    return away is not None


def distances(links: Links, start: str) -> dict[str, int]:
    """How many links lie between a node and each that it can reach."""
    away = {start: 0}
    queue = deque([start])
    while queue:
        at = queue.popleft()
        for node in sorted(node for on in links.values() if at in on for node in on):
            if node not in away:
                away[node] = away[at] + 1
                queue.append(node)
    return away


def _warn_of_single(problems: Problems, names: tuple[str, ...], links: Links, pairs: list[Pair]) -> None:
    by_node = {
        name: _parted({link: on - {name} for link, on in links.items()}, name, pairs) for name in names
    }
    through = [(name, parted) for name, parted in by_node.items() if parted]
    for name, parted in through:
        problems.warn(
            ("links",),
            f"ONLY THROUGH {name} do {_pairs(parted)} hear each other: when it is off, BOTH WILL HOLD the "
            "same service; join them by another chain of links",
        )
    explained = {pair for _, parted in through for pair in parted}
    left = [pair for pair in pairs if pair not in explained]
    single = [
        pair
        for pair in left
        if any(
            _parted({word: on for word, on in links.items() if word != link}, "", [pair]) for link in links
        )
    ]
    if single:
        problems.warn(
            ("links",),
            f"ONLY ONE LINK between {_pairs(single)}: when it breaks, BOTH WILL HOLD the same service; "
            "add a link that shares nothing with it, such as a serial cable",
        )


def _parted(links: Links, gone: str, pairs: list[Pair]) -> list[Pair]:
    """The pairs of other nodes that these links do not join."""
    reached: dict[str, frozenset[str]] = {}
    for one, _ in pairs:
        if one not in reached:
            reached[one] = frozenset(distances(links, one))
    return [(one, other) for one, other in pairs if gone not in (one, other) and other not in reached[one]]


def _pairs(pairs: list[Pair]) -> str:
    return listed((f"{one} and {other}" for one, other in pairs), most=3)

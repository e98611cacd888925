"""How the links join the nodes, as the configuration has it: who hears whom, itself or through others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from heart.core.settings import LinkSettings


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """A chain of links, each of which has a third node in common with the next.

    `interval` is the seconds between two beats of one node that come over it, at the most: each line on
    it may keep a beat waiting until it is its turn, so their times add up.
    """

    links: int
    interval: float


def between(links: Iterable[LinkSettings], one: str, other: str) -> tuple[LinkSettings, ...]:
    """The links that both nodes are on."""
    return tuple(link for link in links if one in link.peers and other in link.peers)


def way_through_others(links: Iterable[LinkSettings], node: str, peer: str, beat: float) -> Way | None:
    """The shortest way on which others pass the beats of `peer` on to `node`; None where there is none."""
    on = {link: frozenset(link.peers) for link in links}
    ways = {link: Way(1, _first(link, beat)) for link in on if peer in on[link]}
    arrived: list[Way] = []
    settled: set[LinkSettings] = set()
    while len(settled) < len(ways):
        at = min((link for link in ways if link not in settled), key=lambda link: ways[link])
        settled.add(at)
        for link in on:
            if link is at or not (on[at] & on[link]) - {node, peer}:
                continue
            way = Way(ways[at].links + 1, ways[at].interval + link.passed_on())
            ways[link] = min(way, ways.get(link, way))
            if node in on[link]:
                arrived.append(way)
    return min(arrived, default=None)


def _first(link: LinkSettings, beat: float) -> float:
    """What a peer's own link adds: nothing where it carries every beat."""
    guaranteed = link.guaranteed(beat)
    return guaranteed if guaranteed > beat else 0.0

"""Clusters of which something is to be foretold."""

from __future__ import annotations

from collections.abc import Sequence

from heart.config.model import QUORUM, Node, Service
from heart.config.timing import timing_of
from heart.core.settings import Settings, link_settings
from heart.forecast.conditions import Losses, losses

TWO = ("alpha", "beta")
Ends = tuple[tuple[str, ...], int | None]  # who is on a link, and its baud rate


def web(nodes: tuple[str, ...] = TWO, name: str = "web", monitor: float | None = None) -> Service:
    """A service that these nodes may hold."""
    return Service(name, nodes, 0.3, (), monitor=monitor)


def settings(
    services: Sequence[Service] = (web(),),
    names: tuple[str, ...] = TWO,
    witnesses: tuple[str, ...] = (),
    arbiter: str = "trust",
    links: dict[str, Ends] | None = None,
) -> Settings:
    """A cluster with the default timing on two networks, unless other links are given."""
    wires = {"lan": (names, None), "other": (names, None)} if links is None else links
    reach = link_settings(
        len(names), len(services), ((name, *ends) for name, ends in wires.items()), votes=arbiter == QUORUM
    )
    nodes = tuple(Node(name, witness=name in witnesses) for name in names)
    timing = timing_of("default")
    return Settings("web", names[0], nodes, timing, reach, tuple(services), arbiter=arbiter, reach=reach)


def lost(of: Settings, share: float = 0.0) -> Losses:
    """Every link loses that share of its frames."""
    return losses(tuple(link.name for link in of.reach), {"": share}, {})

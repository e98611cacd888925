"""Voters whose answers come too late for a holder to rest on: what slow lines do to the arbiter `quorum`."""

from __future__ import annotations

from collections.abc import Iterator

from heart.config.durations import format_duration, tidy
from heart.config.links import Views
from heart.config.model import SerialLink, Service, Timing
from heart.config.nodes import Nodes
from heart.config.problems import Problems, listed


def warn_of_slow_voters(
    problems: Problems, nodes: Nodes, views: Views, services: tuple[Service, ...], timing: Timing
) -> None:
    """Warn of voters whose acks may be older than `lease` where a node that may hold a service gets them."""
    answers = _Answers(nodes, views, services, timing)
    holders = dict.fromkeys(name for service in services for name in service.nodes)
    for voter in nodes.names():
        ages = {name: answers.age(name, voter) for name in holders if name != voter}
        slow = {name: age for name, age in ages.items() if age is not None and age > timing.lease}
        if slow:
            problems.warn(
                ("nodes", voter),
                f"its answers to {listed(slow)} come over slow lines alone, and may be "
                f"{format_duration(tidy(max(slow.values())))} old, more than timing.lease "
                f"({format_duration(timing.lease)}): where its vote is needed a holder may lose its "
                "majority; use a faster line, or a longer lease",
            )


class _Answers:
    """How old the answers are that come over the cluster's links."""

    def __init__(self, nodes: Nodes, views: Views, services: tuple[Service, ...], timing: Timing) -> None:
        from heart.core.settings import link_settings  # it imports this package's model, and so this module

        self._beat = timing.beat
        self._links = link_settings(len(nodes.all), len(services), _ends(views), votes=True)

    def age(self, node: str, voter: str) -> float | None:
        """How old the newest ack of this voter becomes at that node, in seconds, before the next one comes.

        That is an interval of beats there, one back, and the time on the wire, on the best of all ways.
        None where there is no way.
        """
        from heart.core.settings import SHARE
        from heart.core.talk.paths import between, way_through_others

        direct = [
            2 * link.guaranteed(self._beat) + 2 * link.occupied(link.frame) / SHARE
            for link in between(self._links, node, voter)
        ]
        way = way_through_others(self._links, node, voter, self._beat)
        through = [] if way is None else [2 * max(self._beat, way.interval)]
        return min([*direct, *through], default=None)


def _ends(views: Views) -> Iterator[tuple[str, tuple[str, ...], int | None]]:
    for word, by_node in views.items():
        some = next(iter(by_node.values()))
        yield word, tuple(by_node), some.baud if isinstance(some, SerialLink) else None

"""A simulated cluster: nodes on media, and a record of who held what and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heart.codec import Codec
from heart.config.model import Node, Service, Timing
from heart.core import decisions as d
from heart.core.settings import LinkSettings, Settings, link_settings
from heart.keys import Keys
from heart.simulation.node import SimulatedNode
from heart.simulation.world import Medium, World

DEFAULT_TIMING = Timing(beat=0.1, late=0.25, dead=1.0, lease=0.6, start=5.0, settle=10.0)


@dataclass(frozen=True)
class Happened:
    """One decision of one node, other than a beat."""

    time: float
    node: str
    decision: d.Decision


class SimulatedCluster:
    """Nodes with one service `web`, preferred in the order of `names`, on links given by name and baud.

    `ends` are the nodes of those links that not all are on; `service` are further fields of that service.
    """

    def __init__(
        self,
        seed: int,
        names: tuple[str, ...] = ("alpha", "beta"),
        links: dict[str, int | None] | None = None,
        timing: Timing = DEFAULT_TIMING,
        stop: float = 0.3,
        ends: Mapping[str, tuple[str, ...]] | None = None,
        **service: Any,
    ) -> None:
        self.world = World(seed)
        self.timing = timing
        wires = {"lan": None, "cable": 115200} if links is None else links
        self.media = {name: Medium(self.world, name) for name in wires}
        reach = link_settings(
            len(names), 1, ((link, (ends or {}).get(link, names), baud) for link, baud in wires.items())
        )
        web = Service("web", names, stop, (), **service)
        codec = Codec("simulated", Keys({1: bytes(32)}, 1))
        self.history: list[Happened] = []
        self.nodes = {name: self._make_node(name, names, reach, web, codec) for name in names}

    def _make_node(
        self, name: str, names: tuple[str, ...], reach: tuple[LinkSettings, ...], web: Service, codec: Codec
    ) -> SimulatedNode:
        links = tuple(link for link in reach if name in link.peers)
        nodes = tuple(map(Node, names))
        settings = Settings("simulated", name, nodes, self.timing, links, (web,), reach=reach)
        media = tuple(self.media[link.name] for link in links)
        return SimulatedNode(self.world, settings, codec, media, self._note)

    def start(self) -> None:
        """Start every node at once."""
        for node in self.nodes.values():
            node.start()

    def holders(self, service: str = "web") -> list[str]:
        """The nodes on which resources of the service run now."""
        return [name for name, node in self.nodes.items() if service in node.holding]

    def run(self, seconds: float, step: float = 0.01) -> list[tuple[float, list[str]]]:
        """Let time pass; returns each change of holders in it with its time."""
        changes = [(self.world.now, self.holders())]
        end = self.world.now + seconds
        while self.world.now < end:
            self.world.run(min(step, end - self.world.now))
            if self.holders() != changes[-1][1]:
                changes.append((self.world.now, self.holders()))
        return changes

    def reports(self, kind: str) -> list[tuple[float, str, d.Report]]:
        """The events of this kind so far, with their time and node."""
        return [
            (past.time, past.node, past.decision)
            for past in self.history
            if isinstance(past.decision, d.Report) and past.decision.kind == kind
        ]

    def _note(self, now: float, node: str, decision: d.Decision) -> None:
        if not isinstance(decision, d.Send):
            self.history.append(Happened(now, node, decision))

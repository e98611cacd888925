"""A simulated cluster: nodes on media, and a record of who held what and when."""

from __future__ import annotations

from dataclasses import dataclass

from heart.codec import Codec
from heart.config.model import Node, Service, Timing
from heart.core import decisions as d
from heart.core.settings import LinkSettings, Settings
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
    """Nodes with one service `web`, preferred in the order of `names`, on links given by name and baud."""

    def __init__(
        self,
        seed: int,
        names: tuple[str, ...] = ("alpha", "beta"),
        links: dict[str, int | None] | None = None,
        timing: Timing = DEFAULT_TIMING,
        stop: float = 0.3,
    ) -> None:
        self.world = World(seed)
        self.timing = timing
        wires = {"lan": None, "cable": 115200} if links is None else links
        self.media = {name: Medium(self.world, name) for name in wires}
        settings = tuple(LinkSettings(name, names, baud) for name, baud in wires.items())
        service = Service("web", names, stop, ())
        codec = Codec("simulated", Keys({1: bytes(32)}, 1))
        self.history: list[Happened] = []
        self.nodes = {
            name: SimulatedNode(
                self.world,
                Settings("simulated", name, tuple(map(Node, names)), timing, settings, (service,)),
                codec,
                tuple(self.media.values()),
                self._note,
            )
            for name in names
        }

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

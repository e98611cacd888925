"""A simulated cluster: nodes on media, and a record of who held what and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from heart.codec import Codec
from heart.config.model import QUORUM, Node, Service, Timing
from heart.core import decisions as d
from heart.core.settings import LinkSettings, Settings, link_settings
from heart.keys import Keys
from heart.simulation.clock import MachineClock
from heart.simulation.frames import Frames
from heart.simulation.invariants.facts import Facts, Witness
from heart.simulation.medium import Medium
from heart.simulation.node import SimulatedNode
from heart.simulation.world import World

DEFAULT_TIMING = Timing(beat=0.1, late=0.25, dead=1.0, lease=0.6, start=5.0, settle=10.0)


@dataclass(frozen=True)
class Happened:
    """One decision of one node, other than a beat."""

    time: float
    node: str
    decision: d.Decision


class History(Witness):
    """Keeps all decisions but beats."""

    def __init__(self) -> None:
        self.past: list[Happened] = []

    def decided(self, time: float, node: str, decision: d.Decision) -> None:
        """Keep it."""
        self.past.append(Happened(time, node, decision))


class SimulatedMachines:
    """The nodes of a cluster on media of their own; `common` are the settings of any of them.

    `clocks` are the offset in seconds and the drift of those nodes that have one. `told` are told everything
    that happens.
    """

    def __init__(
        self,
        seed: int,
        common: Settings,
        clocks: Mapping[str, tuple[float, float]] | None = None,
        told: Iterable[Witness] = (),
    ) -> None:
        self.world = World(seed)
        self.media = {link.name: Medium(self.world, link.name, link.baud) for link in common.reach}
        self.facts = Facts(told)
        frames = Frames(Codec(common.cluster, Keys({1: bytes(32)}, 1)))
        self.nodes = {
            name: self._make_node(settings_of(common, name), frames, (clocks or {}).get(name, (0.0, 0.0)))
            for name in common.names()
        }

    def start(self) -> None:
        """Start every node at once."""
        for node in self.nodes.values():
            node.start()

    def holders(self, service: str = "web") -> list[str]:
        """The nodes on which resources of the service run now."""
        return [name for name, node in self.nodes.items() if service in node.holding]

    def _make_node(self, settings: Settings, frames: Frames, clock: tuple[float, float]) -> SimulatedNode:
        media = tuple(self.media[link.name] for link in settings.links)
        return SimulatedNode(
            self.world, settings, frames, media, self.facts, MachineClock(self.world, *clock)
        )


class SimulatedCluster(SimulatedMachines):
    """Nodes with one service `web`, preferred in the order of `names`, on links given by name and baud.

    `ends` are the nodes of those links that not all are on, `witnesses` the nodes that hold nothing, and
    `service` further fields of that service.
    """

    def __init__(
        self,
        seed: int,
        names: tuple[str, ...] = ("alpha", "beta"),
        links: Mapping[str, int | None] | None = None,
        timing: Timing = DEFAULT_TIMING,
        stop: float = 0.3,
        ends: Mapping[str, tuple[str, ...]] | None = None,
        arbiter: str = "trust",
        witnesses: tuple[str, ...] = (),
        clocks: Mapping[str, tuple[float, float]] | None = None,
        told: Iterable[Witness] = (),
        **service: Any,
    ) -> None:
        self.timing = timing
        wires = {"lan": None, "cable": 115200} if links is None else links
        reach = link_settings(
            len(names),
            1,
            ((link, (ends or {}).get(link, names), baud) for link, baud in wires.items()),
            votes=arbiter == QUORUM,
        )
        holders = tuple(name for name in names if name not in witnesses)
        web = Service("web", holders, stop, (), **service)
        nodes = tuple(Node(name, witness=name in witnesses) for name in names)
        common = Settings("simulated", names[0], nodes, timing, reach, (web,), arbiter=arbiter, reach=reach)
        self._history = History()
        super().__init__(seed, common, clocks, (*told, self._history))

    @property
    def history(self) -> list[Happened]:
        """All decisions so far but beats."""
        return self._history.past

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


def settings_of(common: Settings, name: str) -> Settings:
    """The settings of one node, from those of a cluster."""
    links: tuple[LinkSettings, ...] = tuple(link for link in common.reach if name in link.peers)
    return Settings(
        common.cluster,
        name,
        common.nodes,
        common.timing,
        links,
        common.services,
        arbiter=common.arbiter,
        reach=common.reach,
    )

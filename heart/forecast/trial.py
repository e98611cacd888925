"""A simulated cluster of a configuration, in the conditions that it is to bear, with its services held."""

from __future__ import annotations

from heart.config.model import Service
from heart.core import decisions as d
from heart.core.settings import Settings
from heart.forecast.conditions import Losses
from heart.forecast.watching import ServiceRecord
from heart.simulation.cluster import SimulatedMachines
from heart.simulation.invariants.facts import Witness
from heart.simulation.medium import Burst

SOME_BEATS = 20  # after a service is held, until all there is to say has been said
MOST_STARTS = 5  # how many times `start` a service may take until it is held


class Trial(Witness):
    """One history, with a record of one service. Scripts take no time: what they take comes on top."""

    def __init__(self, seed: int, settings: Settings, losses: Losses, service: Service) -> None:
        self.settings = settings
        self.service = service
        self.record = ServiceRecord(service.name)
        self.machines = SimulatedMachines(seed, settings, told=[self.record, self])
        self.world = self.machines.world
        for name, medium in self.machines.media.items():
            loss = losses[name]
            burst = Burst(loss.burst_share, loss.burst_mean, whole=True) if loss.burst_share else None
            medium.suffer(loss=loss.each, burst=burst)
        for node in self.machines.nodes.values():
            node.scripts.starts_in = node.scripts.stops_in = 0.0

    def holders(self) -> list[str]:
        """The nodes on which resources of the service run."""
        return self.machines.holders(self.service.name)

    def settle(self) -> bool:
        """Start all, and wait until the service is held; False: it never is. The record begins here."""
        timing = self.settings.timing
        self.machines.start()
        for _ in range(MOST_STARTS):
            self.world.run(timing.start + timing.beat)
            if self.holders():
                break
        self.world.run(SOME_BEATS * timing.beat * (1 + self.world.chance.fraction()))
        self.record.begin(self.world.now)
        return bool(self.holders())

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.world.run(seconds)
        self.record.count_to(self.world.now)

    def make_sick(self, node: str) -> None:
        """The service is of no use on this node until it is started again there."""
        self.machines.nodes[node].scripts.sick[self.service.name] = "it is made to be"
        self.record.broke(self.world.now, node)

    def decided(self, time: float, node: str, decision: d.Decision) -> None:
        """To be started again cures a service."""
        if isinstance(decision, d.Restart) and decision.service == self.service.name:
            self.machines.nodes[node].scripts.sick.clear()
            self.record.works(time, node)

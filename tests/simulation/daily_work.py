"""Operators, changed files and failing services, drawn from one seed, while a LAN suffers and nodes die."""

from __future__ import annotations

from dataclasses import replace

from heart.config.model import Timing
from heart.core import inputs
from heart.simulation.cluster import DEFAULT_TIMING
from heart.simulation.node import SimulatedNode
from tests.simulation.trouble import AB, Trouble

FASTER = Timing(beat=0.05, late=0.125, dead=0.5, lease=0.3, start=2.5, settle=5.0)
SLOWER = Timing(beat=0.2, late=0.5, dead=2.0, lease=1.2, start=10.0, settle=20.0)
STEPS = 40
CALM = 100.0  # seconds after which all that was ordered and mended has had its effect
COMMANDS = ("move", "move", "standby", "active", "retry", "set")


class DailyWork(Trouble):
    """A cluster whose second cable stays whole, so that there is never a reason for two holders."""

    def __init__(self, seed: int, names: tuple[str, ...] = AB) -> None:
        super().__init__(seed, names, monitor=1.0, restarts=1, forget=20.0, failback=bool(seed % 2))
        self._asked: list[tuple[SimulatedNode, int, int]] = []

    def two_holders(self) -> list[tuple[float, list[str]]]:
        """Work and suffer; returns when there were two holders, and which."""
        for _ in range(STEPS):
            match self.random.choice(["lan", "lan", "nodes", "order", "order", "service", "file", "nothing"]):
                case "lan":
                    self.hurt(self.lan)
                case "nodes":
                    self.kill_or_start()
                case "order":
                    self._order()
                case "service":
                    self._upset_service()
                case "file":
                    self._reload()
            if both := self.pass_time():
                return both
        return []

    def mend(self) -> list[list[str]]:
        """All is mended and allowed again; returns the holders after a while, each time they change."""
        self.heal()
        nodes = self.cluster.nodes.values()
        for node in nodes:
            node.sick.clear()
            node.fails.clear()
        self.start_all()
        self.cluster.run(3)
        for node in nodes:
            node.give(inputs.Hindered("web", None))
            node.reconfigure(replace(node.settings, timing=DEFAULT_TIMING, configuration="the last"))
        first = self.cluster.nodes[self.names[0]]
        for name in self.names:
            first.operate("active", name)
        first.operate("retry", "web")
        self.cluster.run(CALM)
        return [holders for _, holders in self.cluster.run(30)]

    def unanswered(self) -> int:
        """How many orders were given to daemons that still live and have not answered."""
        return sum(node.life == life and number not in node.answers for node, number, life in self._asked)

    def agree(self) -> bool:
        """Whether all nodes know the same."""
        cores = [node.core for node in self.cluster.nodes.values()]
        return len({core.state.digest() for core in cores if core is not None}) == 1

    def _awake(self) -> SimulatedNode | None:
        node = self.cluster.nodes[self.random.choice(self.names)]
        return None if node.core is None or node.paused else node

    def _order(self) -> None:
        node, command = self._awake(), self.random.choice(COMMANDS)
        subject = value = ""
        if command == "move":
            subject, value = "web", self.random.choice([*self.names, ""])
        elif command == "set":
            subject, value = "lag", str(self.random.randrange(9))
        else:
            subject = "web" if command == "retry" else self.random.choice(self.names)
        if node is not None:
            self._asked.append((node, node.operate(command, subject, value), node.life))

    def _upset_service(self) -> None:
        node = self.cluster.nodes[self.random.choice(self.names)]
        match self.random.choice(["sick", "well", "fails", "starts", "hindered", "free"]):
            case "sick":
                node.sick["web"] = "made to be"
            case "well":
                node.sick.clear()
            case "fails":
                node.fails.add("web")
            case "starts":
                node.fails.clear()
            case "hindered":
                node.give(inputs.Hindered("web", "no carrier"))
            case "free":
                node.give(inputs.Hindered("web", None))

    def _reload(self) -> None:
        node, timing = self._awake(), self.random.choice((DEFAULT_TIMING, FASTER, SLOWER))
        if node is not None:
            node.reconfigure(replace(node.settings, timing=timing, configuration=f"beat {timing.beat}"))

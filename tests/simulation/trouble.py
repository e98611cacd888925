"""Trouble for a simulated cluster, drawn from one seed, and what must hold in spite of it."""

from __future__ import annotations

from random import Random
from typing import Any

from heart.simulation.cluster import SimulatedCluster
from heart.simulation.world import Medium

AB, BA = ("alpha", "beta"), ("beta", "alpha")
SETTLED = (
    25.0  # seconds after the last trouble by which one holder is left; the longest part of it is `start`
)
LOSSES = (0.0, 0.1, 0.3, 0.5, 0.9)


class Trouble:
    """A cluster under random trouble. One seed makes one history; `service` are fields of its service."""

    def __init__(self, seed: int, names: tuple[str, ...] = AB, baud: int = 115200, **service: Any) -> None:
        self.random = Random(seed)
        self.cluster = SimulatedCluster(seed, names, {"lan": None, "cable": baud}, **service)
        self.names = names
        self.lan, self.cable = self.cluster.media["lan"], self.cluster.media["cable"]
        on_the_wire = 120 * 10 / baud
        self.cable.delay = (on_the_wire, on_the_wire * 1.1)
        self.cluster.start()

    def hurt(self, medium: Medium) -> None:
        """Something happens to a medium: it is cut, in one direction or both, loses frames, or heals."""
        a, b = self.random.sample(self.names, 2)
        match self.random.choice(["cut", "heal", "loss", "one-way", "repeat"]):
            case "cut":
                medium.cut_all()
            case "heal":
                medium.heal()
            case "loss":
                medium.loss = self.random.choice(LOSSES)
            case "one-way":
                medium.cut = {(a, b)}
            case "repeat":
                medium.repeat = self.random.choice((0.0, 0.2))

    def kill_or_start(self) -> None:
        """A machine dies, or all dead ones are started again."""
        if self.random.random() < 0.4:
            self.cluster.nodes[self.random.choice(self.names)].kill()
        else:
            self.start_all()

    def pause(self) -> None:
        """A daemon is stopped for a while; its resources go on."""
        node = self.cluster.nodes[self.random.choice(self.names)]
        if node.core is not None and not node.paused:
            node.pause(self.random.uniform(0.05, 6))

    def start_all(self) -> None:
        """Start every node that is dead."""
        for node in self.cluster.nodes.values():
            if node.core is None:
                node.start()

    def pass_time(self) -> list[tuple[float, list[str]]]:
        """Let a random time pass; returns when there were two holders in it, and which."""
        changes = self.cluster.run(self.random.uniform(0.05, 4))
        return [change for change in changes if len(change[1]) > 1]

    def heal(self) -> None:
        """Both media are whole again."""
        for medium in (self.lan, self.cable):
            medium.heal()
            medium.loss = medium.repeat = 0.0

    def end(self) -> list[tuple[float, list[str]]]:
        """All trouble ends, and the cluster settles; returns the changes of holders after that."""
        self.heal()
        self.start_all()
        self.cluster.run(SETTLED)
        return self.cluster.run(5)

    def digests(self) -> set[bytes]:
        """The digests of all status tables."""
        cores = [node.core for node in self.cluster.nodes.values()]
        return {core.state.table.digest for core in cores if core is not None}


def two_holders(
    seed: int, open_ways: set[tuple[str, str]], baud: int = 115200
) -> list[tuple[float, list[str]]]:
    """The times of two holders while the LAN suffers anything and these ways of the cable stay whole."""
    trouble = Trouble(seed, baud=baud)
    for _ in range(40):
        what = trouble.random.choice(["lan", "lan", "cable", "nodes"])
        if what == "lan":
            trouble.hurt(trouble.lan)
        elif what == "cable":
            trouble.cable.cut = {
                way for way in (AB, BA) if way not in open_ways and trouble.random.random() < 0.7
            }
        else:
            trouble.kill_or_start()
        if both := trouble.pass_time():
            return both
    return []


def after_trouble(seed: int, names: tuple[str, ...] = AB) -> tuple[list[list[str]], int]:
    """Who holds the service once all trouble has ended, and how many different tables there are."""
    trouble = Trouble(seed, names)
    for _ in range(30):
        match trouble.random.choice(["link", "nodes", "pause", "nothing"]):
            case "link":
                trouble.hurt(trouble.random.choice([trouble.lan, trouble.cable]))
            case "nodes":
                trouble.kill_or_start()
            case "pause":
                trouble.pause()
        trouble.pass_time()
    changes = trouble.end()
    return [holders for _, holders in changes], len(trouble.digests())

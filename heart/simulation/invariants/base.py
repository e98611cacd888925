"""What all invariants have in common: the ground on which they judge, and how they say that one is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from heart.config.model import Timing
from heart.simulation.invariants.facts import Witness

DRIFT = 1.011
"""How much faster than true time a clock may run, and a hair more."""

HAIR = 0.002
"""Seconds that the way of a frame in a healthy network, and of an answer, may take."""


class Broken(Exception):
    """An invariant does not hold. `rule` names it, `time` is true seconds."""

    def __init__(self, rule: str, time: float, text: str) -> None:
        super().__init__(f"{rule}: at {time:.3f} s {text}")
        self.rule = rule
        self.time = time
        self.text = text


@dataclass(frozen=True, slots=True)
class Ground:
    """What is true of a cluster, for whoever judges it. Times are seconds.

    `shortest` and `longest` are its times; where files with different ones are in use, the shortest and the
    longest of each. `sound_for` says for how long beats from one node have reached another without a break,
    at what interval at the most, (0, interval) where they do not. `lag` is by how much a node may be late
    now. `needed` is how many votes are a majority, 0 where nobody votes. `clocks_right` says that no node
    begins with a time of day that is behind, `slowest` is the longest interval of a link. `peers` says which
    nodes a node's file has beside itself, `members_change` that these change.
    """

    nodes: tuple[str, ...]
    shortest: Timing
    longest: Timing
    stop: float
    sound_for: Callable[[str, str], tuple[float, float]]
    lag: Callable[[str], float]
    peers: Callable[[str], tuple[str, ...]]
    needed: int = 0
    clocks_right: bool = True
    slowest: float = 0.0
    members_change: bool = False

    @property
    def shortest_wait(self) -> float:
        """How long a successor waits at least."""
        return self.shortest.wait(self.stop)

    @property
    def longest_wait(self) -> float:
        """How long a successor waits at most."""
        return self.longest.wait(self.stop)


class Invariant(Witness):
    """One rule. `rule` is its number and name in docs/safety.md."""

    rule = ""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def passed(self, time: float) -> None:
        """Time has passed, and perhaps nothing else."""

    def broken(self, time: float, text: str) -> None:
        """Say that it does not hold. Raises Broken."""
        raise Broken(self.rule, time, text)

"""How frames are lost on the links between two nodes: each by itself, and in bursts.

Bursts are the two-state chain of Gilbert (Bell System Technical Journal 39, 1960) and Elliott (1963), in
time rather than in frames: a link is well or in a burst, each for an exponential time. In a burst all is
lost, in both directions; else each frame is lost by itself with the chance `each`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import exp, prod

Vector = Sequence[float]


@dataclass(frozen=True, slots=True)
class Loss:
    """What one link loses: each frame with the chance `each`, and all in bursts.

    `burst_share` is the share of time that lies in bursts, below 1, and `burst_mean` their mean length in
    seconds.
    """

    each: float = 0.0
    burst_share: float = 0.0
    burst_mean: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.each < 1 and 0 <= self.burst_share < 1):
            raise ValueError("a chance of loss is at least 0 and less than 1")
        if self.burst_share and self.burst_mean <= 0:
            raise ValueError("bursts have a mean length above 0 s")

    def chances(self) -> tuple[float, ...]:
        """The chance that a frame is lost, by the link's state: well, and in a burst if there are any."""
        return (self.each, 1.0) if self.burst_share else (self.each,)

    def shares(self) -> tuple[float, ...]:
        """The shares of time in these states."""
        return (1 - self.burst_share, self.burst_share) if self.burst_share else (1.0,)

    def step(self, seconds: float) -> tuple[tuple[float, ...], ...]:
        """From each state, the chances of each one so many seconds later."""
        if not self.burst_share:
            return ((1.0,),)
        share = self.burst_share
        kept = exp(-seconds / (self.burst_mean * (1 - share)))  # both rates of change, added up
        return (
            (1 - share * (1 - kept), share * (1 - kept)),
            ((1 - share) * (1 - kept), share + (1 - share) * kept),
        )


class Weather:
    """The states of all links together, each link for itself, and how they change from slot to slot.

    `slot` is in seconds. `lost` has, for each joint state, each link's chance to lose a frame.
    """

    def __init__(self, losses: Sequence[Loss], slot: float) -> None:
        states = list(product(*(range(len(loss.chances())) for loss in losses)))
        self.lost = [
            tuple(loss.chances()[at] for loss, at in zip(losses, state, strict=True)) for state in states
        ]
        self.shares = [
            prod(loss.shares()[at] for loss, at in zip(losses, state, strict=True)) for state in states
        ]
        self._losses = losses
        self._slot = slot
        self._states = states
        self._columns: dict[int, list[Vector]] = {}

    def step(self, mass: Vector, slots: int) -> Vector:
        """Where the mass on the joint states is so many slots later."""
        if len(self._states) == 1 or not slots:
            return mass
        columns = self._columns.get(slots)
        if columns is None:
            columns = self._columns[slots] = self._columns_of(slots)
        return [sum(map(float.__mul__, mass, column)) for column in columns]

    def _columns_of(self, slots: int) -> list[Vector]:
        steps = [loss.step(slots * self._slot) for loss in self._losses]
        return [
            [prod(step[a][b] for step, a, b in zip(steps, old, new, strict=True)) for old in self._states]
            for new in self._states
        ]

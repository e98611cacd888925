"""The one source of chance of a simulation: the same on every machine.

Nothing is drawn but fractions of the Mersenne Twister (Matsumoto, Nishimura, ACM TOMACS 8(1), 1998), and
nothing is done with them but sums, products and comparisons: a logarithm is not the same to the last bit
everywhere, and the ways in which Python's `random` picks and shuffles change between its versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws from a seed; `purpose` keeps draws for different things from shifting each other."""

    def __init__(self, seed: int, purpose: str = "") -> None:
        self.fraction = Random(f"{seed} {purpose}").random  # noqa: S311 - it must repeat itself
        """A number from 0 to below 1."""

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.fraction() < probability

    def between(self, low: float, high: float) -> float:
        """A number between these."""
        return low + (high - low) * self.fraction()

    def below(self, count: int) -> int:
        """A whole number from 0 to below `count`."""
        return int(self.fraction() * count)

    def pick(self, choices: Sequence[T]) -> T:
        """One of these."""
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """So many of these, each once, in a random order."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]

"""How well a service does on this node: the data by which failures are counted and outlived."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

LONGEST = 86400.0
"""Seconds; where it fails again and again, it is tried once a day, or each `forget` if that is longer."""


@dataclass(slots=True)
class Health:
    """Times are awake seconds; inf: not to come.

    `tries` counts the failures since it last ran for `settle`, `failures` those that barred this node
    from it. `given_up` is why it is being let go of for good, `hindrance` why it could not be held
    here now. `retried` is how new the last order to forget failures was.
    """

    tries: int = 0
    again_at: float = inf
    check_at: float = inf
    given_up: str | None = None
    failures: int = 0
    pardon_at: float = inf
    hindrance: str | None = None
    hindered_since: float = -inf
    retried: tuple[int, str] = (0, "")

    def bar(self, now: float, forget: float) -> None:
        """Bar this node from the service for a delay that begins with `forget` and doubles (rule 10)."""
        self.failures += 1
        self.again_at = self.check_at = inf
        self.given_up = None
        self.pardon_at = now + min(max(LONGEST, forget), forget * 2 ** (self.failures - 1))

    def begin(self) -> None:
        """A tenure begins."""
        self.tries = 0
        self.again_at = self.check_at = inf
        self.given_up = None

    def recover(self) -> None:
        """It ran for a good while, or an operator says that what was wrong is mended."""
        self.tries = self.failures = 0

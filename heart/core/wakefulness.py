"""Whether this node itself was asleep, and how late its loop runs (rule 2)."""

from __future__ import annotations

from collections import deque

MINUTE = 60.0
MINUTES_KEPT = 60


class Wakefulness:
    """Watches the two monotonic clocks for time in which this node could neither hear nor act.

    `awake` stands still while the machine is suspended, `boot` does not: where `boot` is ahead of it by
    more than `greatest_gap`, the machine was. A loop that comes back later than it asked for was
    stopped, starved, or its machine was.
    """

    def __init__(self, awake: float, boot: float, tolerance: float) -> None:
        self._tolerance = tolerance
        self._gap = boot - awake
        self.greatest_gap = self._gap + tolerance
        self._minutes: deque[tuple[int, float]] = deque(maxlen=MINUTES_KEPT)

    def slept(self, awake: float, boot: float, due: float) -> float:
        """For how many seconds this node was asleep before now, when it meant to act at `due`; 0 if not."""
        suspended = boot - awake - self._gap
        self._gap += suspended
        self.greatest_gap = self._gap + self._tolerance
        lateness = max(0.0, awake - due)
        self._note(awake, lateness)
        asleep = lateness + max(0.0, suspended)
        if asleep <= self._tolerance:
            return 0.0
        return asleep

    def worst(self, awake: float) -> tuple[float, float]:
        """The greatest lateness in seconds, of the last minute and of the last hour."""
        this_minute = int(awake // MINUTE)
        last = [late for minute, late in self._minutes if minute >= this_minute - 1]
        hour = [late for minute, late in self._minutes if minute > this_minute - MINUTES_KEPT]
        return max(last, default=0.0), max(hour, default=0.0)

    def _note(self, awake: float, lateness: float) -> None:
        minute = int(awake // MINUTE)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, lateness))
        elif lateness > self._minutes[-1][1]:
            self._minutes[-1] = (minute, lateness)

"""The clocks of this machine: two monotonic ones to act by, and the time of day to read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from heart.events.history import rfc3339
from heart.interfaces import Clock


@dataclass(frozen=True)
class Clocks:
    """The two monotonic clocks, in seconds: `awake` stands still while the machine is suspended."""

    awake: Clock
    boot: Clock


def machine_clocks() -> Clocks:
    """CLOCK_MONOTONIC, which stands still while the machine is suspended, and CLOCK_BOOTTIME, which does not.

    Where a platform has no CLOCK_BOOTTIME a suspended machine cannot be told from one that ran.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return Clocks(time.monotonic, partial(time.clock_gettime, boot))


def time_of_day() -> datetime:
    """The time of day, for people: nothing is ever timed by it."""
    return datetime.now(UTC)


def seconds_of_day() -> float:
    """The time of day in seconds since 1970: what keeps numbers growing where memory was lost."""
    return time.time()


class AwakeToTimeOfDay:
    """Shows awake times as times of day."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks

    def __call__(self, awake: float) -> str:
        """The time of day (RFC 3339) that it was at that awake time, by the clock as it is set now."""
        return rfc3339(time_of_day() - timedelta(seconds=self._clocks.awake() - awake))

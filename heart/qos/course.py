"""What is waited for, slot by slot, and how long: the common ground of the detector's two mistakes.

A slot is `beat` / PROBE_RATE. Something is to be heard: a peer's beat, or an ack of it. It can come at
regular times, and once it has been missing for a while it is asked for. Where it has been missing for too
long, a verdict falls, which is a mistake here: nobody has died.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from heart.core.talk.voice import PROBE_RATE
from heart.qos.loss import Vector, Weather

CRUMB = 1e-6  # of a slot: binary fractions of seconds are no reason to count a slot more


@dataclass(frozen=True, slots=True)
class Patience:
    """After a hearing of one kind, in slots after it: it asks from `asks` on, and judges at `ends`."""

    asks: int
    ends: int


@dataclass(frozen=True, slots=True)
class Chances:
    """What one slot may bring, by the links' joint state: nothing, or a hearing of each kind."""

    missed: Vector
    heard: tuple[Vector, ...]

    @classmethod
    def of(cls, outcomes: Sequence[tuple[float, ...]]) -> Chances:
        """From (missed, first kind, second kind ...) of each joint state."""
        missed, *heard = zip(*outcomes, strict=True)
        return cls(missed, tuple(heard))


class Course(ABC):
    """What is waited for. `ring` is after how many slots the regular times repeat.

    `patience` has an entry for each kind of hearing.
    """

    weather: Weather
    ring: int
    patience: tuple[Patience, ...]

    def __init__(self, weather: Weather, ring: int, patience: tuple[Patience, ...]) -> None:
        self.weather = weather
        self.ring = ring
        self.patience = patience
        self._known: dict[tuple[int, int | None], Chances | None] = {}

    def chances(self, phase: int, asked: int | None) -> Chances | None:
        """What a slot may bring; None: nothing can come.

        `phase` is its place in the ring, `asked` since how many slots it is asked for, None: it is not.
        """
        key = (phase, asked)
        if key not in self._known:
            self._known[key] = self.look(phase, asked)
        return self._known[key]

    @abstractmethod
    def look(self, phase: int, asked: int | None) -> Chances | None:
        """As `chances`, found anew."""


def slot_of(beat: float) -> float:
    """The seconds of a slot: between two questions to a peer that is late."""
    return beat / PROBE_RATE


def slots_up(seconds: float, slot: float) -> int:
    """The slot in which something happens that is due after so many seconds, or the next one."""
    return ceil(seconds / slot - CRUMB)


def slots_down(seconds: float, slot: float) -> int:
    """How many whole slots so many seconds have; at least one."""
    return max(1, floor(seconds / slot + CRUMB))


def slots_after(seconds: float, slot: float) -> int:
    """The first slot after so many seconds, not the one at their end."""
    return floor(seconds / slot + CRUMB) + 1

"""The links between two nodes as the calculation sees them, in slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, lcm

from heart.config.model import Timing
from heart.core.settings import SHARE, LinkSettings
from heart.qos.course import CRUMB, slot_of, slots_up
from heart.qos.loss import Weather


@dataclass(frozen=True, slots=True)
class Path:
    """A link: a beat each `regular` slots, and a question's answer each `asked` slots (0: never).

    A frame is under way for `travel` slots, and the first answer is there `round_trip` slots after it was
    asked. `interval` is in seconds; a `slow` one is longer than `beat`, and so a peer that is heard there
    alone is judged by it.
    """

    regular: int
    asked: int
    travel: int
    round_trip: int
    interval: float
    slow: bool


def path_of(link: LinkSettings, beat: float) -> Path:
    """A link as the calculation sees it.

    Fast links answer within a slot. A serial line has what its half of the capacity leaves beside regular
    beats (heart.core.talk.line), and takes its time for a frame, once each way.
    """
    slot = slot_of(beat)
    interval = beat * ceil(link.guaranteed(beat) / beat - CRUMB)
    slow = interval > beat * (1 + CRUMB)
    regular = slots_up(interval, slot)
    if link.baud is None:
        return Path(regular, 1, 0, 0, interval, slow)
    occupied = link.occupied(link.frame)
    left = 1 / occupied - 1 / interval
    asked = slots_up(1 / left, slot) if left > 0 else 0
    frame = occupied / SHARE
    return Path(regular, asked, slots_up(frame, slot), slots_up(2 * frame, slot), interval, slow)


class Paths:
    """All links of two nodes, with what they lose: who can bring something in a slot."""

    def __init__(self, links: Sequence[LinkSettings], timing: Timing, weather: Weather) -> None:
        self.all = tuple(path_of(link, timing.beat) for link in links)
        self.weather = weather
        self.ring = lcm(*(path.regular for path in self.all))
        numbers = range(len(self.all))
        self.fast = frozenset(number for number in numbers if not self.all[number].slow)
        self.slow = frozenset(numbers) - self.fast

    def slow_interval(self) -> float:
        """The shortest of the slow links' intervals, in seconds: what a peer heard on them is judged by."""
        return min(self.all[number].interval for number in self.slow)

    def travels(self) -> tuple[int, ...]:
        """For how many slots a beat is under way: on the quickest fast link, then on a slow one."""
        return tuple(
            min(self.all[number].travel for number in kind) for kind in (self.fast, self.slow) if kind
        )

    def regular(self, phase: int) -> frozenset[int]:
        """The links on which a regular beat comes in that slot of the ring."""
        return frozenset(n for n, path in enumerate(self.all) if phase % path.regular == 0)

    def answering(self, asked: int | None) -> frozenset[int]:
        """The links on which an answer can come, so many slots after the first question."""
        if asked is None:
            return frozenset()
        return frozenset(
            n
            for n, path in enumerate(self.all)
            if path.asked and asked >= path.round_trip and (asked - path.round_trip) % path.asked == 0
        )

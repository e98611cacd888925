"""What counts lost beats on one link, as VRRP does (RFC 9568), by the same calculation."""

from __future__ import annotations

from heart.qos.course import Chances, Course, Patience, slot_of, slots_down
from heart.qos.loss import Loss, Weather
from heart.qos.renewal import Mistakes, mistakes

VRRP_COUNT = 3  # RFC 9568, 6.1: Active_Down_Interval is 3 x Advertisement_Interval + Skew_Time
VRRP_SKEW = (256 - 100) / 256  # of the interval, at the default priority of a backup, 100


class Counting(Course):
    """What is waited for is an advert each `beat`, for which nobody asks; for `count` + `skew` beats."""

    def __init__(self, beat: float, loss: Loss, count: int, skew: float) -> None:
        slot = slot_of(beat)
        ends = slots_down((count + skew) * beat, slot)
        super().__init__(Weather([loss], slot), round(beat / slot), (Patience(ends, ends),))

    def look(self, phase: int, asked: int | None) -> Chances | None:
        """An advert."""
        if phase:
            return None
        lost = [chance for (chance,) in self.weather.lost]
        return Chances(lost, ([1 - chance for chance in lost],))


def counting(beat: float, loss: Loss, count: int = VRRP_COUNT, skew: float = VRRP_SKEW) -> Mistakes:
    """The mistakes of who counts so many lost beats; times in slots, `skew` in beats."""
    return mistakes(Counting(beat, loss, count, skew))

"""A holder's acks (rule 7): how old the newest may become. The course of heart.core.services.leases.

An ack is counted from the sending of what it acknowledges. It rides on the peer's next beat, so when it
comes it is taken to be as old as a beat, the most that it can be, except where it is an answer. An ack
counts where both the beat and the next beat back came through.

In the detector's disfavour it is left out that a beat may be acknowledged later, that questions bring one
side's knowledge up to date alone, and that a holder that hears nothing at all lets go only when what it
then hears first does not acknowledge it.
"""

from __future__ import annotations

from heart.config.model import SAFETY, Timing
from heart.core.services.leases import urgent_age
from heart.core.settings import judged_after
from heart.qos.course import Chances, Course, Patience, slot_of, slots_after, slots_down
from heart.qos.paths import Paths
from heart.qos.silence import Outcome, arrival, better, given, reach

ASKING_ALWAYS = 3  # beats: where `lease` is shorter, every beat of a holder is answered at once


class Acks(Course):
    """What is waited for is an ack. Kinds: on a peer's next beat, as an answer, over a slow line alone."""

    def __init__(self, paths: Paths, timing: Timing, stop: float) -> None:
        self._paths = paths
        self._answered = timing.lease < ASKING_ALWAYS * timing.beat
        slot = slot_of(timing.beat)
        patience = []
        if paths.fast:
            ages = (0.0 if self._answered else timing.beat, 0.0)
            patience += [_patience(timing, timing.lease, age, slot) for age in ages]
        if paths.slow:
            interval = paths.slow_interval()
            patience.append(_patience(timing, _slow_lease(timing, interval, stop), interval, slot))
        super().__init__(paths.weather, paths.ring, tuple(patience))

    def look(self, phase: int, asked: int | None) -> Chances | None:
        """An ack that rides on a regular beat, or an answer to a question, or both."""
        paths = self._paths
        regular, answering = paths.regular(phase), paths.answering(asked)
        if not regular and not answering:
            return None
        outcomes = []
        for lost in paths.weather.lost:
            rides = given(reach(lost, regular), arrival(paths, lost, regular))
            answer = given(reach(lost, answering), arrival(paths, lost, answering))
            outcomes.append(self._by_kind(rides, answer))
        return Chances.of(outcomes)

    def _by_kind(self, rides: Outcome, answer: Outcome) -> tuple[float, ...]:
        """The answer is the newer one of two: it counts before the ack that rides."""
        nothing, fast, slow = better(rides, answer)
        kinds: list[float] = []
        if self._paths.fast:
            kinds += [fast - answer[1], answer[1]]
        if self._paths.slow:
            kinds.append(slow)
        return (nothing, *(max(0.0, chance) for chance in kinds))


def _patience(timing: Timing, lease: float, age: float, slot: float) -> Patience:
    """After an ack that was so old when it came: then the first question, and then the lease has run out."""
    asks = max(1, slots_after(urgent_age(timing, lease) - age, slot))
    return Patience(asks, slots_down(lease - age, slot))


def _slow_lease(timing: Timing, interval: float, stop: float) -> float:
    """As Settings.lease: the lease that a peer gives that hears us on a slow line alone, in seconds."""
    judge = judged_after(timing, interval)
    return timing.lease if judge <= timing.dead else max(timing.lease, judge / SAFETY - stop)

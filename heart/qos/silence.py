"""A peer's silence (rule 1): late, asked, dead. The course of heart.core.peers.watch.

Left out, each in the detector's disfavour: the peer's own questions, should it miss us at the same time,
and a beat that comes in the very slot of the verdict. A peer that was last heard on a slow line alone
is given that line's time until a fast link brings a beat; the core gives it for a while longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from heart.config.model import Timing
from heart.core.peers.watch import LATE_INTERVALS
from heart.core.settings import judged_after
from heart.qos.course import Chances, Course, Patience, slot_of, slots_down, slots_up
from heart.qos.paths import Paths

Outcome = tuple[float, float, float]  # the chances of: nothing, a fast link, a slow one alone


class Silence(Course):
    """What is waited for is a beat, on any link. Kinds: heard on a fast link, heard on a slow one alone."""

    def __init__(self, paths: Paths, timing: Timing) -> None:
        self._paths = paths
        super().__init__(paths.weather, paths.ring, _patience(paths, timing))

    def look(self, phase: int, asked: int | None) -> Chances | None:
        """A regular beat, or the answer to a question, or both."""
        regular, answering = self._paths.regular(phase), self._paths.answering(asked)
        if not regular and not answering:
            return None
        paths = self._paths
        outcomes = []
        for lost in paths.weather.lost:
            beat = arrival(paths, lost, regular)
            answer = given(reach(lost, answering), arrival(paths, lost, answering))
            outcomes.append(by_kind(paths, better(beat, answer)))
        return Chances.of(outcomes)


def _patience(paths: Paths, timing: Timing) -> tuple[Patience, ...]:
    slot = slot_of(timing.beat)
    found = []
    if paths.fast:
        found.append(Patience(slots_up(timing.late, slot), slots_down(timing.dead, slot)))
    if paths.slow:
        interval = paths.slow_interval()
        late = max(timing.late, LATE_INTERVALS * interval)
        found.append(Patience(slots_up(late, slot), slots_down(judged_after(timing, interval), slot)))
    return tuple(found)


def reach(lost: Sequence[float], links: Iterable[int]) -> float:
    """The chance that a frame that is sent on these links comes over any of them."""
    return 1 - prod(lost[number] for number in links)


def arrival(paths: Paths, lost: Sequence[float], links: frozenset[int]) -> Outcome:
    """What becomes of a frame sent on these links: nothing, a fast one brings it, a slow one alone."""
    no_fast = prod(lost[number] for number in links & paths.fast)
    no_slow = prod(lost[number] for number in links & paths.slow)
    return no_fast * no_slow, 1 - no_fast, no_fast * (1 - no_slow)


def given(chance: float, outcome: Outcome) -> Outcome:
    """The outcome of what happens at all with this chance only."""
    nothing, fast, slow = outcome
    return 1 - chance + chance * nothing, chance * fast, chance * slow


def better(one: Outcome, other: Outcome) -> Outcome:
    """The better one of two outcomes that do not depend on each other."""
    nothing = one[0] * other[0]
    no_fast = (one[0] + one[2]) * (other[0] + other[2])
    fast = one[1] + other[1] - one[1] * other[1]
    return nothing, fast, max(0.0, no_fast - nothing)


def by_kind(paths: Paths, outcome: Outcome) -> tuple[float, ...]:
    """Without the kinds that there cannot be."""
    nothing, fast, slow = outcome
    return (nothing, *([fast] if paths.fast else []), *([slow] if paths.slow else []))

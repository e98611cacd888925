"""The figures of one pair of nodes: from its timing, its links and what they lose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from heart.config.model import Timing
from heart.config.services import STOP
from heart.core.settings import LinkSettings
from heart.qos.acks import Acks
from heart.qos.course import slot_of
from heart.qos.loss import Loss, Weather
from heart.qos.paths import Paths
from heart.qos.renewal import Mistakes, mistakes
from heart.qos.silence import Silence

YEAR = 365.25 * 86400  # seconds
SOON = 0.01  # of all deaths those that are found soonest, which `Detection.soonest` leaves aside


@dataclass(frozen=True, slots=True)
class Detection:
    """T_D, from a death at any moment to the verdict, in seconds.

    One death in a hundred is found before `soonest`, half of them before `median`, none after `most`.
    """

    soonest: float
    median: float
    most: float


@dataclass(frozen=True, slots=True)
class Figures:
    """How good the detector is. Times in seconds; `recurrence` is inf where there is no mistake at all.

    T_D is `detection`; of wrong verdicts of death T_MR is `recurrence`, T_M `duration` and P_A `accuracy`.
    `wrong_verdicts` and `wrong_releases` are the two ways to a false takeover, a year each: a peer that
    lives is called dead, or a holder lets go because acks did not come. A successor acts `wait` after the
    last claim that it heard.
    """

    detection: Detection
    recurrence: float
    duration: float
    accuracy: float
    wrong_verdicts: float
    wrong_releases: float
    wait: float

    @property
    def false_takeovers(self) -> float:
        """How many a year, by both ways taken together."""
        return self.wrong_verdicts + self.wrong_releases


def figures(
    timing: Timing, links: Sequence[LinkSettings], losses: Sequence[Loss], stop: float | None = None
) -> Figures:
    """The figures of two nodes with these links between them, each of which loses what stands for it.

    `stop` is the service's, in seconds; None: the default. Raises ValueError where there is no link, or
    where the links carry next to nothing.
    """
    if not links:
        raise ValueError("two nodes without a link never hear each other")
    release = STOP * timing.dead if stop is None else stop
    slot = slot_of(timing.beat)
    paths = Paths(links, timing, Weather(losses, slot))
    silence = mistakes(Silence(paths, timing))
    acks = mistakes(Acks(paths, timing, release))
    return Figures(
        detection=detection(silence, paths.travels(), slot),
        recurrence=silence.recurrence * slot,
        duration=silence.duration * slot,
        accuracy=silence.accuracy(),
        wrong_verdicts=a_year(silence, slot),
        wrong_releases=a_year(acks, slot),
        wait=timing.wait(release),
    )


def a_year(found: Mistakes, slot: float) -> float:
    """How often a year a mistake recurs."""
    return YEAR / (found.recurrence * slot)


def detection(found: Mistakes, travels: Sequence[int], slot: float) -> Detection:
    """T_D of a death that has nothing to do with beats: what the patience leaves of the silence before it.

    `travels` is for how many slots a beat was under way, by the kind of hearing: for so long its sender may
    have been dead. Who was called dead already is found at once. Within a slot a death may fall at any
    moment.
    """
    left: dict[int, float] = {}  # by whole slots to the verdict, rounded up
    for ages, travel in zip(found.silences, travels, strict=True):
        for age, share in enumerate(ages):
            slots = travel + len(ages) - age
            if share:
                left[slots] = left.get(slots, 0.0) + share
    return Detection(_quantile(left, SOON) * slot, _quantile(left, 0.5) * slot, max(left, default=0) * slot)


def _quantile(left: dict[int, float], part: float) -> float:
    below = 1 - sum(left.values())
    if part <= below:
        return 0.0
    for slots, share in sorted(left.items()):
        if below + share >= part:
            return slots - 1 + (part - below) / share
        below += share
    return float(max(left))

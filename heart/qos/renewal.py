"""The renewal argument: from hearing to hearing, how often in between a verdict falls, and for how long.

After a hearing nothing counts but its kind, its place in the ring of regular times, and the links' states
then. So hearings are a chain; each step takes the mass through the slots of silence. Every number here
is a sum of products of numbers that are not negative, so that rates of once in 10^30 years keep
their digits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from heart.qos.course import Course
from heart.qos.loss import Vector

Place = tuple[int, int]  # the kind of a hearing, and its phase
SETTLED = 1e-12  # the chain of hearings counts as settled when no place changes by more than this part
SPENT = 1e-13  # of the mass that was judged wrongly, what may be left when no more is waited for
MOST_ROUNDS = 10_000
MOST_BEATS = 100_000  # regular times without a hearing: then the links carry nothing at all
NEGLIGIBLE = 1e-20  # a chance of a verdict that does not change where hearings happen


@dataclass(slots=True)
class Passage:
    """What became of the mass of one hearing. `waiting[a]` is what was silent still after `a` slots.

    `wrong` is the mass that was judged, `wrong_slots` the slots for which it was, taken together.
    """

    waiting: list[float] = field(default_factory=list)
    heard: dict[Place, list[float]] = field(default_factory=dict)
    wrong: float = 0.0
    wrong_slots: float = 0.0


def follow(course: Course, place: Place, mass: Vector, worth: float = 0.0) -> Passage:
    """Take the mass of a hearing, by link states, to the next one; a verdict may lie in between.

    A verdict of a mass not above `worth` is noted, but what comes of it is not followed.
    """
    kind, phase = place
    patience = course.patience[kind]
    passage = Passage([sum(mass)])
    behind = 0
    for silence in range(1, patience.ends):
        asked = silence - patience.asks
        behind += 1
        phase = (phase + 1) % course.ring
        chances = course.chances(phase, asked if asked >= 0 else None)
        if chances is None:
            passage.waiting.append(passage.waiting[-1])
            continue
        mass = _hear(passage, phase, course.weather.step(mass, behind), chances.heard, chances.missed)
        behind = 0
        passage.waiting.append(sum(mass))
    passage.wrong = passage.waiting[-1]
    if passage.wrong > worth:
        mass = course.weather.step(mass, behind + 1)
        _recover(course, passage, (phase + 1) % course.ring, mass)
    return passage


def _recover(course: Course, passage: Passage, phase: int, mass: Vector) -> None:
    """After a wrong verdict nobody is asked: the next regular beat that comes through ends it."""
    left, waited, behind, beats = passage.wrong, 0, 0, 0
    while left > SPENT * passage.wrong:
        chances = course.chances(phase, None)
        if chances is not None:
            mass = _hear(passage, phase, course.weather.step(mass, behind), chances.heard, chances.missed)
            behind = 0
            now = sum(mass)
            passage.wrong_slots += waited * (left - now)
            left = now
            beats += 1
            if beats > MOST_BEATS:
                raise ValueError("the links carry next to nothing")
        waited += 1
        behind += 1
        phase = (phase + 1) % course.ring


def _hear(passage: Passage, phase: int, mass: Vector, heard: tuple[Vector, ...], missed: Vector) -> Vector:
    for kind, chance in enumerate(heard):
        came = [m * c for m, c in zip(mass, chance, strict=True)]
        if not any(came):
            continue
        there = passage.heard.get((kind, phase))
        if there is None:
            passage.heard[kind, phase] = came
        else:
            for state, part in enumerate(came):
                there[state] += part
    return [m * c for m, c in zip(mass, missed, strict=True)]


@dataclass(frozen=True, slots=True)
class Mistakes:
    """What the renewal argument yields, in slots; `recurrence` is from one wrong verdict to the next.

    `silences[kind][a]` is the share of time in which the peer was last heard `a` to `a + 1` slots ago.
    """

    recurrence: float
    duration: float
    silences: tuple[tuple[float, ...], ...]

    def accuracy(self) -> float:
        """P_A, the share of time without a wrong verdict: 1 - T_M / T_MR."""
        return 1 - self.duration / self.recurrence


def mistakes(course: Course) -> Mistakes:
    """How often a wrong verdict falls and how long it lasts, and how long silences are."""
    silences = [[0.0] * patience.ends for patience in course.patience]
    wrong = wrong_slots = waited = 0.0
    for place, mass in hearings(course).items():
        passage = follow(course, place, mass)
        for age, part in enumerate(passage.waiting):
            silences[place[0]][age] += part
        waited += sum(passage.waiting)
        wrong += passage.wrong
        wrong_slots += passage.wrong_slots
    total = waited + wrong_slots
    shares = tuple(tuple(part / total for part in ages) for ages in silences)
    if not wrong:
        return Mistakes(inf, 0.0, shares)
    return Mistakes(total / wrong, wrong_slots / wrong, shares)


def hearings(course: Course) -> dict[Place, Vector]:
    """Of all hearings the share at each place, by link states: the settled state of their chain."""
    states = len(course.weather.shares)
    steps: dict[tuple[Place, int], dict[Place, list[float]]] = {}
    # Where no hearing can be, not even the first mass may be: halved each round it would be there for long.
    mass = follow(course, (0, 0), course.weather.shares, NEGLIGIBLE).heard
    rounds = sum(course.chances(phase, None) is not None for phase in range(course.ring)) > 1
    for _ in range(MOST_ROUNDS):
        new: dict[Place, list[float]] = {}
        for place, by_state in mass.items():
            for state, part in enumerate(by_state):
                if not part:
                    continue
                step = steps.get((place, state))
                if step is None:
                    unit = [1.0 if other == state else 0.0 for other in range(states)]
                    step = steps[place, state] = follow(course, place, unit, NEGLIGIBLE).heard
                for there, came in step.items():
                    at = new.setdefault(there, [0.0] * states)
                    for other, share in enumerate(came):
                        at[other] += part * share
        new = _between(mass if rounds else {}, new)
        if _settled(mass, new):
            return dict(new)
        mass = new
    raise ValueError("the chain of hearings does not settle")


def _between(old: dict[Place, list[float]], new: dict[Place, list[float]]) -> dict[Place, list[float]]:
    """Halfway between two rounds, where hearings could else go round their ring for ever."""
    nothing = [0.0] * len(next(iter(new.values())))
    total = sum(map(sum, old.values())) + sum(map(sum, new.values()))
    return {
        place: [
            (a + b) / total for a, b in zip(old.get(place, nothing), new.get(place, nothing), strict=True)
        ]
        for place in {**old, **new}
    }


def _settled(old: dict[Place, list[float]], new: dict[Place, list[float]]) -> bool:
    if old.keys() != new.keys():
        return False
    return all(
        abs(a - b) <= SETTLED * b
        for place, by_state in new.items()
        for a, b in zip(old[place], by_state, strict=True)
    )

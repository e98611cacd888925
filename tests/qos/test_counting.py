"""The calculation against what is known: a formula for counting lost beats, and a walk slot by slot."""

from __future__ import annotations

from collections import defaultdict

from twisted.trial.unittest import SynchronousTestCase

from heart.config.timing import timing_of
from heart.qos.acks import Acks
from heart.qos.counting import Counting, counting
from heart.qos.course import Course, slot_of
from heart.qos.loss import Loss, Weather
from heart.qos.paths import Paths
from heart.qos.renewal import mistakes
from heart.qos.silence import Silence
from tests.qos.support import UDP, links

SLOTS = 10  # of a beat
# The kind and age of the last hearing, the phase, the links' joint state, and whether a mistake stands.
State = tuple[int, int, int, int, bool]


class FormulaTests(SynchronousTestCase):
    """Counting lost beats on one link that loses each by itself, as VRRP does."""

    def test_recurrence(self) -> None:
        """From a beat that came to k lost in a row: (1 - p^k) / ((1 - p) p^k) beats; then 1 / (1 - p)."""
        for lost in (0.01, 0.2, 0.5, 0.9):
            for count in (1, 3, 7):
                expected = (1 - lost**count) / ((1 - lost) * lost**count) + 1 / (1 - lost)
                found = counting(0.1, Loss(lost), count=count, skew=0.5).recurrence / SLOTS
                self.assertAlmostEqual(found / expected, 1.0, places=9)

    def test_duration(self) -> None:
        """A mistake ends with the next beat that comes: after 1 / (1 - p) beats, less what was waited."""
        for lost in (0.01, 0.2, 0.5, 0.9):
            found = counting(0.1, Loss(lost), count=3, skew=0.5).duration / SLOTS
            self.assertAlmostEqual(found / (1 / (1 - lost) - 0.5), 1.0, places=9)

    def test_rare(self) -> None:
        """Chances far below what a difference of floats could tell keep their digits."""
        found = counting(0.1, Loss(0.01), count=20, skew=0.5).recurrence / SLOTS
        self.assertAlmostEqual(found / (1e40 / 0.99), 1.0, places=9)

    def test_vrrp(self) -> None:
        """Three intervals and a skew of 156/256 of one (RFC 9568, 6.1), in whole slots, unless said."""
        (ages,) = counting(0.1, Loss(0.1)).silences
        self.assertEqual(len(ages), 36)


class WalkTests(SynchronousTestCase):
    """The renewal argument yields what a walk through all that can be comes to."""

    def compare(self, course: Course) -> None:
        """How often a mistake is made, and how much of the time it stands."""
        found = mistakes(course)
        often, share = walk(course, 3000)
        self.assertAlmostEqual(often * found.recurrence, 1.0, places=6)
        self.assertAlmostEqual(share / (found.duration / found.recurrence), 1.0, places=6)

    def test_counting(self) -> None:
        """Of lost beats, on a link with bursts."""
        self.compare(Counting(0.1, Loss(0.2, 0.1, 0.1), 3, 0.5))

    def test_silence(self) -> None:
        """Of a peer's silence, on two networks, and beside a slow line."""
        timing = timing_of("fast")
        for wires, loss in (((UDP, UDP), Loss(0.3, 0.1, 0.05)), ((UDP, 19200), Loss(0.4))):
            paths = Paths(links(*wires), timing, Weather([loss] * 2, slot_of(timing.beat)))
            self.compare(Silence(paths, timing))

    def test_acks(self) -> None:
        """Of the acks that a holder waits for."""
        timing = timing_of("fast")
        paths = Paths(links(UDP, 19200), timing, Weather([Loss(0.4), Loss(0.3)], slot_of(timing.beat)))
        self.compare(Acks(paths, timing, 0.06))


def walk(course: Course, slots: int) -> tuple[float, float]:
    """Mistakes for each slot, and the share of time in them, after so many slots from a hearing on.

    All that can be is carried along slot by slot, without any thought of hearings as a chain. The last round
    of regular times is what counts.
    """
    joint_states = range(len(course.weather.shares))
    states: dict[State, float] = {
        (0, 0, 0, joint, False): share for joint, share in enumerate(course.weather.shares)
    }
    begun = stood = 0.0
    for slot in range(slots):
        after = defaultdict[State, float](float)
        for (kind, age, phase, joint, wrong), mass in states.items():
            next_phase = (phase + 1) % course.ring
            patience = course.patience[kind]
            silence = age if wrong else age + 1
            judged = silence >= patience.ends
            if judged and not wrong and slot >= slots - course.ring:
                begun += mass
            asked = silence - patience.asks
            chances = course.chances(next_phase, None if judged or asked < 0 else asked)
            unit = [1.0 if other == joint else 0.0 for other in joint_states]
            for now, chance in enumerate(course.weather.step(unit, 1)):
                part = mass * chance
                missed = 1.0 if chances is None else chances.missed[now]
                after[kind, silence, next_phase, now, judged] += part * missed
                for heard, of_kind in enumerate(chances.heard if chances else ()):
                    after[heard, 0, next_phase, now, False] += part * of_kind[now]
        states = {state: mass for state, mass in after.items() if mass}
        if slot >= slots - course.ring:
            stood += sum(mass for state, mass in states.items() if state[-1])
    return begun / course.ring, stood / course.ring

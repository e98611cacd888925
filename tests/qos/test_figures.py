"""The figures of the shipped profiles: what is promised, and which way each thing moves them."""

from __future__ import annotations

from itertools import pairwise
from math import inf

from twisted.trial.unittest import SynchronousTestCase

from heart.config.timing import DEFAULT_BEAT, PROFILES, timing_of
from heart.qos.counting import counting
from heart.qos.course import slot_of
from heart.qos.figures import YEAR, a_year, figures
from heart.qos.loss import Loss
from tests.qos.support import CALM, UDP, links, of

NEVER = 1e-30  # a year
SHARES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5)


class PromiseTests(SynchronousTestCase):
    """Bounds that the profiles are chosen for."""

    def test_default(self) -> None:
        """Noticed within a second; under one false takeover a year at 20 % lost, and with bursts of 10 %."""
        for loss in (Loss(0.2), Loss(0.0, 0.1, 0.02), Loss(0.0, 0.1, 0.049)):
            found = of("default", UDP, UDP, loss=loss)
            self.assertLessEqual(found.detection.most, 1.0)
            self.assertLess(found.false_takeovers, 1)

    def test_where_default_ends(self) -> None:
        """Bursts that are longer in the mean than docs/qos.md says are too much for it."""
        self.assertGreater(of("default", UDP, UDP, loss=Loss(0.0, 0.1, 0.05)).false_takeovers, 1)

    def test_fast(self) -> None:
        """Half of all deaths noticed within 150 ms; under one false takeover a year at 5 % on two links."""
        for loss in (CALM, Loss(0.05)):
            found = of("fast", UDP, UDP, loss=loss)
            self.assertLessEqual(found.detection.median, 0.15)
            self.assertLess(found.false_takeovers, 1)

    def test_better_than_counting(self) -> None:
        """At the same interval `fast` is sooner than three lost beats are counted, and wrong less often."""
        vrrp_waits = len(counting(DEFAULT_BEAT, CALM).silences[0]) * slot_of(DEFAULT_BEAT)
        for share in SHARES[1:]:
            fast = of("fast", UDP, loss=Loss(share))
            self.assertLess(fast.detection.most, vrrp_waits)
            counted = a_year(counting(DEFAULT_BEAT, Loss(share)), slot_of(DEFAULT_BEAT))
            self.assertLess(fast.wrong_verdicts, counted)


class DirectionTests(SynchronousTestCase):
    """More loss is worse, more links are better."""

    def test_loss(self) -> None:
        """The more is lost the more mistakes there are, and the longer they stand."""
        for profile in PROFILES:
            for wires in ((UDP,), (UDP, UDP), (UDP, 115200), (9600,)):
                found = [of(profile, *wires, loss=Loss(share)) for share in SHARES]
                for less, more in pairwise(found):
                    self.assertLessEqual(less.wrong_verdicts, more.wrong_verdicts)
                    self.assertLessEqual(less.wrong_releases, more.wrong_releases)
                    self.assertGreaterEqual(less.accuracy, more.accuracy)
                    self.assertGreaterEqual(less.recurrence, more.recurrence)

    def test_links(self) -> None:
        """A second link makes mistakes rarer, as long as they happen at all.

        (`patient` beside 9,600 baud asks later, and so errs more often than once in 10^120 years.)
        """
        for profile in PROFILES:
            one = of(profile, UDP, loss=Loss(0.2))
            for second in (UDP, 115200, 9600):
                two = of(profile, UDP, second, loss=Loss(0.2))
                self.assertLess(two.wrong_verdicts, max(one.wrong_verdicts, NEVER), f"{profile}, {second}")

    def test_profiles(self) -> None:
        """Who waits for longer is wrong less often."""
        found = [of(profile, UDP, UDP, loss=Loss(0.5)) for profile in ("fast", "default", "patient")]
        for quick, calm in pairwise(found):
            self.assertLess(quick.detection.median, calm.detection.median)
            self.assertLess(calm.false_takeovers, quick.false_takeovers)

    def test_slow_line(self) -> None:
        """What is heard on a slow line alone is dead after four of its intervals, not after `dead`."""
        frame = 0.02, 0.18  # seconds that one is under way, in whole slots
        self.assertAlmostEqual(of("default", 115200).detection.most, 1.0 + frame[0])
        self.assertAlmostEqual(of("default", 9600).detection.most, 1.6 + frame[1])


class MeaningTests(SynchronousTestCase):
    """What the figures are."""

    def test_no_loss(self) -> None:
        """Where nothing is lost there is no mistake, and deaths fall anywhere between two beats."""
        found = of("default", UDP)
        self.assertEqual((found.recurrence, found.duration, found.accuracy), (inf, 0.0, 1.0))
        self.assertEqual(found.false_takeovers, 0.0)
        for seconds, expected in zip(
            (found.detection.soonest, found.detection.median, found.detection.most),
            (0.901, 0.95, 1.0),
            strict=True,
        ):
            self.assertAlmostEqual(seconds, expected)

    def test_rates(self) -> None:
        """A rate a year and the time from one to the next are the same thing."""
        found = of("fast", UDP, loss=Loss(0.3))
        self.assertAlmostEqual(found.wrong_verdicts * found.recurrence / YEAR, 1.0)
        self.assertAlmostEqual(found.accuracy, 1 - found.duration / found.recurrence)
        self.assertEqual(found.false_takeovers, found.wrong_verdicts + found.wrong_releases)

    def test_wait(self) -> None:
        """A successor waits 1.03 x (lease + stop), or `dead`; `stop` is the service's where it has one."""
        timing = timing_of("default")
        self.assertAlmostEqual(figures(timing, links(UDP), [CALM], 2.0).wait, 1.03 * 2.6)
        self.assertAlmostEqual(figures(timing, links(UDP), [CALM]).wait, timing.dead)

    def test_no_link(self) -> None:
        """Without one there is nothing to calculate."""
        with self.assertRaises(ValueError):
            of("default")

    def test_next_to_nothing(self) -> None:
        """Links that hardly ever carry a frame are said to, rather than calculated for ever."""
        with self.assertRaisesRegex(ValueError, "next to nothing"):
            of("fast", UDP, loss=Loss(0.9999))

"""Tests of heart.forecast.calm."""

from __future__ import annotations

from math import exp, factorial

from twisted.trial.unittest import SynchronousTestCase

from heart.forecast.calm import Calm, Stretch, bounds, stretches, together
from heart.qos.figures import YEAR
from tests.forecast.support import lost, settings, web


class BoundsTests(SynchronousTestCase):
    """The confidence bounds of a count."""

    def test_what_defines_them(self) -> None:
        """At the lower bound so many or more, at the upper one so many or fewer have a chance of 2.5 %."""

        def at_most(count: int, mean: float) -> float:
            return sum(exp(-mean) * mean**n / factorial(n) for n in range(count + 1))

        for count in (1, 2, 5, 30):
            low, high = bounds(count)
            self.assertAlmostEqual(1 - at_most(count - 1, low), 0.025, places=9)
            self.assertAlmostEqual(at_most(count, high), 0.025, places=9)

    def test_none(self) -> None:
        """Nothing was seen: the lower bound is 0, and the upper one has a chance of 2.5 % for none."""
        low, high = bounds(0)
        self.assertEqual(low, 0.0)
        self.assertAlmostEqual(exp(-high), 0.025)

    def test_very_many(self) -> None:
        """For many they come close to two standard deviations, and nothing overflows."""
        low, high = bounds(10_000)
        self.assertLess(abs(low - (10_000 - 196)), 5)
        self.assertLess(abs(high - (10_000 + 196)), 5)


class CalmTests(SynchronousTestCase):
    """Days in which nothing happens."""

    def test_a_year(self) -> None:
        """A count becomes a rate, with its bounds."""
        expected, low, high = Calm(YEAR / 2, 4, 0, 0.0, 0.0).a_year()
        self.assertEqual((expected, low, high), (8.0, 2 * bounds(4)[0], 2 * bounds(4)[1]))

    def test_pieces(self) -> None:
        """All the time is simulated, in pieces with a seed each."""
        cluster = settings()
        pieces = stretches(7, cluster, lost(cluster), web(), 2000.0)
        self.assertEqual([piece.seed for piece in pieces], [7, 8, 9])
        self.assertAlmostEqual(sum(piece.lasts for piece in pieces), 2000.0)

    def test_together(self) -> None:
        """Pieces are added up."""
        whole = together([Calm(1.0, 2, 3, 4.0, 5.0), Calm(10.0, 20, 30, 40.0, 50.0, held=False)])
        self.assertEqual(whole, Calm(11.0, 22, 33, 44.0, 55.0))

    def test_nothing_lost(self) -> None:
        """Where nothing is lost nothing happens."""
        cluster = settings()
        calm = Stretch(1, cluster, lost(cluster), web(), 60.0).run()
        self.assertEqual(calm, Calm(60.0, 0, 0, 0.0, 0.0))

    def test_much_lost(self) -> None:
        """Where next to all is lost the service moves for nothing, and there are wrong verdicts."""
        cluster = settings()
        calm = Stretch(1, cluster, lost(cluster, 0.97), web(), 200.0).run()
        self.assertGreater(calm.false_takeovers, 0)
        self.assertGreater(calm.wrong_verdicts, 0)
        self.assertGreater(calm.double, 0.0)

    def test_never_held(self) -> None:
        """A majority that never hears each other holds nothing."""
        cluster = settings(arbiter="quorum")
        calm = Stretch(1, cluster, lost(cluster, 0.999999), web(), 10.0).run()
        self.assertEqual(calm, Calm(10.0, 0, 0, 10.0, 0.0, held=False))

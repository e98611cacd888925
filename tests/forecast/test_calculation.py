"""Tests of heart.forecast.calculation."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from heart.core.settings import Settings
from heart.forecast.calculation import Calculated, calculate, with_more
from heart.qos.figures import figures
from heart.qos.loss import Loss
from tests.forecast.support import TWO, lost, settings, web

THREE = (*TWO, "gamma")


def rate(of: Settings, share: float) -> float:
    """False takeovers a year of its service."""
    found = calculate(of, lost(of, share), of.services[0])
    assert isinstance(found, Calculated)
    return found.false_takeovers


class CalculationTests(SynchronousTestCase):
    """What is calculated for a service."""

    def test_of_the_pair(self) -> None:
        """With two nodes they are the figures of the two."""
        cluster = settings()
        pair = figures(cluster.timing, cluster.reach, [Loss(0.4)] * 2, 0.3)
        found = calculate(cluster, lost(cluster, 0.4), web())
        expected = Calculated(pair.detection, pair.wrong_verdicts, pair.wrong_releases, pair.wait)
        self.assertEqual(found, expected)

    def test_more_nodes(self) -> None:
        """Each node that may hold it, and under `quorum` each that votes, adds its part."""
        two = rate(settings([web()], THREE), 0.4)
        three = rate(settings([web(THREE)], THREE), 0.4)
        voting = rate(settings([web()], THREE, arbiter="quorum"), 0.4)
        self.assertAlmostEqual(three / two, 2.0)
        self.assertAlmostEqual(voting / two, 2.0)

    def test_nobody_else(self) -> None:
        """A service of one node does not move."""
        cluster = settings([web(("alpha",))])
        self.assertEqual(calculate(cluster, lost(cluster), cluster.services[0]), "no other node takes part")
        self.assertEqual(with_more(cluster, lost(cluster), cluster.services[0]), {})

    def test_no_link_in_common(self) -> None:
        """What is passed on by others is not calculated, and said not to be."""
        chain = settings(
            [web(("alpha", "gamma"))],
            THREE,
            links={"one": (("alpha", "beta"), 115200), "two": (("beta", "gamma"), 115200)},
        )
        found = calculate(chain, lost(chain), chain.services[0])
        self.assertEqual(found, "alpha and gamma have no link in common: what is passed on is not calculated")

    def test_nothing_gets_through(self) -> None:
        """Links that carry next to nothing are said to."""
        cluster = settings()
        found = calculate(cluster, lost(cluster, 0.9999), web())
        self.assertEqual(found, "between alpha and beta the links carry next to nothing")

    def test_one_more_link(self) -> None:
        """A further link, of either kind, makes mistakes rarer."""
        cluster = settings()
        losses = lost(cluster, 0.5)
        further = with_more(cluster, losses, web())
        self.assertEqual(list(further), ["one more network", "a cable more (115,200 baud)"])
        for found in further.values():
            assert isinstance(found, Calculated)
            self.assertLess(found.false_takeovers, rate(cluster, 0.5) / 10)

"""What must hold while operators move services, reload files, and services fail, under trouble."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.daily_work import DailyWork
from tests.simulation.trouble import AB

SEEDS = range(24)


class SearchTests(SynchronousTestCase):
    """Many seeds; one cable stays whole."""

    def test_never_two_then_one(self) -> None:
        """There are never two holders; mended there is one, all know the same, all orders are answered."""
        for seed in SEEDS:
            work = DailyWork(seed, AB if seed % 3 else ("alpha", "beta", "gamma"))
            self.assertEqual(work.two_holders(), [], f"seed {seed}")
            holders = work.mend()
            self.assertEqual((len(holders), len(holders[0])), (1, 1), f"seed {seed}: {holders}")
            self.assertEqual((work.unanswered(), work.agree()), (0, True), f"seed {seed}")

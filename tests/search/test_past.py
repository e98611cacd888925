"""What the search found once, and was mended, does not come back."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.simulation.plan import read
from heart.simulation.trial import Trial

PAST = sorted(Path(__file__).with_name("past").glob("*.json"))


class PastTests(SynchronousTestCase):
    """Each plan that once broke something."""

    def test_plans(self) -> None:
        """Not one of them breaks anything now."""
        self.assertGreater(len(PAST), 2)
        for file in PAST:
            plan = read(file.read_bytes())
            self.assertTrue(plan.about, file.name)
            broken = Trial(plan).run().broken
            self.assertIsNone(broken, f"{file.name}: {broken}; {plan.about}")

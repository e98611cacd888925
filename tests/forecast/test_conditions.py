"""Tests of heart.forecast.conditions."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from heart.forecast.conditions import EVERYWHERE, Unfit, for_link, losses, read_burst, read_share
from heart.qos.loss import Loss


class ReadTests(SynchronousTestCase):
    """What a person types."""

    def test_share(self) -> None:
        """A share is a decimal number of percent below 100."""
        self.assertEqual([read_share(text) for text in ("0%", "20%", "0.5%")], [0.0, 0.2, 0.005])

    def test_bad_share(self) -> None:
        """Anything else is refused with what was expected."""
        for text in ("150%", "100%", "20", "-1%", "nan%", "1e1%", "%", "", "20 %"):
            with self.subTest(text):
                error = self.assertRaises(Unfit, read_share, text)
                self.assertEqual(str(error), "a share from 0% to less than 100%, such as 20%")

    def test_burst(self) -> None:
        """A burst is a share of time and a mean length."""
        self.assertEqual(read_burst("10%:50ms"), (0.1, 0.05))

    def test_bad_burst(self) -> None:
        """Anything else is refused with what was expected."""
        for text in ("10%", "10%:", "10%:50", "100%:50ms", ":50ms", "50ms:10%", ""):
            with self.subTest(text):
                error = self.assertRaises(Unfit, read_burst, text)
                self.assertIn("such as 10%:50ms", str(error))

    def test_for_link(self) -> None:
        """What stands before `=` is the link that is meant."""
        self.assertEqual(for_link("lan=20%"), ("lan", "20%"))
        self.assertEqual(for_link("20%"), (EVERYWHERE, "20%"))


class LossesTests(SynchronousTestCase):
    """What each link loses."""

    def test_one_link_is_said_for_itself(self) -> None:
        """What is said of a link counts there, what is said of none everywhere else."""
        found = losses(("lan", "cable"), {EVERYWHERE: 0.2, "cable": 0.01}, {"lan": (0.1, 0.05)})
        self.assertEqual(found, {"lan": Loss(0.2, 0.1, 0.05), "cable": Loss(0.01), EVERYWHERE: Loss(0.2)})

    def test_nothing_said(self) -> None:
        """Then nothing is lost."""
        self.assertEqual(losses(("lan",), {}, {}), {"lan": Loss(), EVERYWHERE: Loss()})

    def test_unknown_link(self) -> None:
        """A link that there is not is refused, with those that there are."""
        for shares, bursts in (({"lam": 0.2}, {}), ({}, {"lam": (0.1, 0.05)})):
            error = self.assertRaises(Unfit, losses, ("lan", "cable"), shares, bursts)
            self.assertEqual(str(error), "one of the links lan, cable, not lam")

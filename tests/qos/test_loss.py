"""Tests of heart.qos.loss."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from heart.qos.loss import Loss, Weather

BURSTS = Loss(0.05, 0.1, 0.02)


class LossTests(SynchronousTestCase):
    """What one link loses."""

    def test_senseless(self) -> None:
        """Shares beyond their bounds and bursts without a length are refused."""
        for each, share, mean in ((1.5, 0, 0), (1, 0, 0), (-0.1, 0, 0), (0, 1, 1), (0, -0.1, 1), (0, 0.1, 0)):
            with self.assertRaises(ValueError, msg=f"{each}, {share}, {mean}"):
                Loss(each, share, mean)

    def test_without_bursts(self) -> None:
        """There is one state, and it stays."""
        loss = Loss(0.2)
        self.assertEqual((loss.chances(), loss.shares(), loss.step(1.0)), ((0.2,), (1.0,), ((1.0,),)))

    def test_steps_lead_somewhere(self) -> None:
        """From each state the chances of all add up to 1."""
        for seconds in (0.0, 0.001, 0.1, 10.0):
            for row in BURSTS.step(seconds):
                self.assertAlmostEqual(sum(row), 1.0)

    def test_the_shares_stay(self) -> None:
        """What lies in bursts is the same share at any time."""
        step, shares = BURSTS.step(0.013), BURSTS.shares()
        for state, share in enumerate(shares):
            self.assertAlmostEqual(sum(s * row[state] for s, row in zip(shares, step, strict=True)), share)

    def test_two_steps_are_one_long_one(self) -> None:
        """The chain of Chapman and Kolmogorov: what lies between does not matter."""
        short, long = BURSTS.step(0.007), BURSTS.step(0.014)
        for a in (0, 1):
            for b in (0, 1):
                self.assertAlmostEqual(sum(short[a][via] * short[via][b] for via in (0, 1)), long[a][b])

    def test_mean_length(self) -> None:
        """A burst ends at a rate of one in its mean length."""
        moment = 1e-7
        self.assertAlmostEqual(BURSTS.step(moment)[1][0] / moment, 1 / BURSTS.burst_mean, places=2)


class WeatherTests(SynchronousTestCase):
    """All links together."""

    def setUp(self) -> None:
        self.losses = (BURSTS, Loss(0.2), Loss(0.0, 0.3, 0.1))
        self.weather = Weather(self.losses, 0.01)

    def test_joint_states(self) -> None:
        """Every combination of states is there once, with the share that independent links make."""
        self.assertEqual(
            self.weather.lost, [(0.05, 0.2, 0.0), (0.05, 0.2, 1.0), (1.0, 0.2, 0.0), (1.0, 0.2, 1.0)]
        )
        for found, share in zip(self.weather.shares, (0.63, 0.27, 0.07, 0.03), strict=True):
            self.assertAlmostEqual(found, share)

    def test_nothing_is_lost_on_the_way(self) -> None:
        """Steps keep all mass, and the settled shares stay where they are."""
        self.assertAlmostEqual(sum(self.weather.step([1.0, 0.0, 0.0, 0.0], 3)), 1.0)
        for found, share in zip(self.weather.step(self.weather.shares, 17), self.weather.shares, strict=True):
            self.assertAlmostEqual(found, share)

    def test_no_time(self) -> None:
        """Without a step nothing moves."""
        self.assertEqual(self.weather.step([0.25, 0.75, 0.0, 0.0], 0), [0.25, 0.75, 0.0, 0.0])

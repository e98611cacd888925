"""The calculation against the very core, simulated, where that can reach: in conditions bad enough."""

from __future__ import annotations

from statistics import median

from twisted.trial.unittest import SynchronousTestCase

from heart.config.model import Node, Service
from heart.config.timing import timing_of
from heart.core.settings import Settings
from heart.forecast.calm import Calm, Stretch, bounds
from heart.forecast.conditions import EVERYWHERE, Losses
from heart.forecast.trial import Trial
from heart.qos.figures import YEAR, Figures, figures
from heart.qos.loss import Loss
from tests.qos.support import NODES, UDP, links

SECONDS = 600.0
DEATHS = 150
SLOT = 0.01  # seconds, at beats of 100 ms
WAYS = 2  # each node judges the other

LONG_BURSTS = Loss(0.0, 0.1, 0.1)


class Case:
    """Two nodes with the timing of a profile and these links, all of which lose alike."""

    def __init__(self, profile: str, wires: tuple[int | None, ...], loss: Loss) -> None:
        timing, reach = timing_of(profile), links(*wires)
        self.service = Service("web", NODES, 0.3 * timing.dead, ())
        self.settings = Settings(
            "web", NODES[0], tuple(map(Node, NODES)), timing, reach, (self.service,), reach=reach
        )
        self.losses: Losses = dict.fromkeys((EVERYWHERE, *(link.name for link in reach)), loss)
        self.loss = loss

    def calculated(self) -> Figures:
        """By the calculation."""
        reach = self.settings.reach
        return figures(self.settings.timing, reach, [self.loss] * len(reach), self.service.stop)

    def simulated(self) -> Calm:
        """By the core."""
        return Stretch(1, self.settings, self.losses, self.service, SECONDS).run()

    def detection(self) -> list[float]:
        """The seconds from a death of the holder to the other's verdict, of many deaths."""
        found = []
        for seed in range(DEATHS):
            trial = Trial(seed, self.settings, self.losses, self.service)
            if not trial.settle() or trial.record.called_dead_at(NODES) is not None:
                continue
            (holder,) = trial.holders()
            died_at = trial.world.now
            trial.machines.nodes[holder].kill()
            trial.run(2 * self.settings.timing.dead)
            called_at = trial.record.called_dead_at([holder])
            assert called_at is not None
            found.append(called_at - died_at)
        return found


class RateTests(SynchronousTestCase):
    """How often it is wrong."""

    def test_bursts(self) -> None:
        """Where links are out in bursts, as many wrong verdicts fall as were calculated."""
        for wires in ((UDP,), (UDP, UDP)):
            case = Case("fast", wires, LONG_BURSTS)
            low, high = bounds(case.simulated().wrong_verdicts)
            self.assertGreater(low, 0)
            expected = case.calculated().wrong_verdicts * WAYS * SECONDS / YEAR
            self.assertLess(low, 1.1 * expected, wires)
            self.assertLess(expected, 1.1 * high, wires)

    def test_never_too_few(self) -> None:
        """Frames lost one by one, slow lines, needless releases: never more often than was calculated."""
        for profile, wires, loss in (
            ("fast", (UDP, UDP), Loss(0.5)),
            ("fast", (UDP,), LONG_BURSTS),
            ("fast", (UDP, UDP), LONG_BURSTS),
            ("default", (UDP,), Loss(0.7)),
            ("default", (UDP,), Loss(0.0, 0.1, 0.2)),
            ("default", (9600,), Loss(0.3)),
            ("default", (UDP, 9600), Loss(0.8)),
        ):
            case = Case(profile, wires, loss)
            simulated, calculated = case.simulated(), case.calculated()
            for seen, rate in (
                (simulated.wrong_verdicts, calculated.wrong_verdicts * WAYS),
                (simulated.false_takeovers, calculated.wrong_releases),
            ):
                self.assertLess(bounds(seen)[0], 1.1 * rate * SECONDS / YEAR, f"{profile}, {wires}, {loss}")


class DetectionTests(SynchronousTestCase):
    """How soon a death is noticed."""

    def test_median_and_most(self) -> None:
        """Half of all deaths are noticed by the calculated median, and all by the longest time."""
        for profile, wires, loss, off in (
            ("fast", (UDP, UDP), Loss(0.2), 2 * SLOT),
            ("default", (UDP,), Loss(0.3), 2 * SLOT),
            ("default", (UDP, 115200), Loss(0.3), 2 * SLOT),
            ("default", (9600,), Loss(), 0.4),  # a holder that must ask there is heard more often
            ("default", (UDP, 9600), Loss(0.5), 0.4),
        ):
            case = Case(profile, wires, loss)
            found, expected = case.detection(), case.calculated().detection
            self.assertGreater(len(found), DEATHS // 2)
            self.assertLess(abs(median(found) - expected.median), off, f"{profile}, {wires}")
            self.assertLess(max(found), expected.most + SLOT, f"{profile}, {wires}")

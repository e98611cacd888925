"""Tests of heart.forecast.effects and blows: what the very core does when something happens."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from heart.config.model import Service
from heart.core.settings import Settings
from heart.forecast.blows import blows, lasting
from heart.forecast.effects import Effect, Spread, Strike, Struck, effect
from tests.forecast.support import TWO, lost, settings, web

THREE = (*TWO, "watcher")
MOMENT = 0.06  # seconds in which what is decided is told and done


class EffectCase(SynchronousTestCase):
    """Strikes a cluster a few times."""

    def struck(self, name: str, of: Settings, service: Service | None = None) -> list[Struck]:
        """What became of some runs of the blow of this name."""
        service = service or of.services[0]
        (number,) = (n for n, blow in enumerate(blows(of, service)) if blow.name == name)
        found = [Strike(seed, of, lost(of), service, number).run() for seed in range(3)]
        self.assertNotIn(None, found)
        return [one for one in found if one is not None]

    def expect(
        self,
        struck: list[Struck],
        without: tuple[float, float] = (0.0, 0.0),
        double: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Each run was without the service, and with two holders, for a time between these."""
        for one in struck:
            self.assertTrue(without[0] <= one.without <= without[1], one)
            self.assertTrue(double[0] <= one.double <= double[1], one)
            self.assertTrue(one.held)


class TwoNodesTests(EffectCase):
    """Two nodes under `trust`, on two networks."""

    def setUp(self) -> None:
        self.cluster = settings()
        self.lasts = lasting(self.cluster, web())
        self.dead = self.cluster.timing.dead

    def test_death_of_the_holder(self) -> None:
        """It is noticed within `dead`, and then the other takes over."""
        struck = self.struck("holder-dies", self.cluster)
        self.expect(struck, without=(0.8, self.dead + MOMENT))
        for one in struck:
            assert one.noticed is not None
            self.assertTrue(self.dead - 0.1 - MOMENT <= one.noticed <= self.dead + MOMENT, one)

    def test_death_of_the_other(self) -> None:
        """It costs nothing, and is noticed."""
        struck = self.struck("another-dies", self.cluster)
        self.expect(struck)
        self.assertNotIn(None, [one.noticed for one in struck])

    def test_end_and_move(self) -> None:
        """The service is handed over in a moment."""
        for name in ("daemon-ended", "moved"):
            self.expect(self.struck(name, self.cluster), without=(0.0, MOMENT))

    def test_one_link_cut(self) -> None:
        """It costs nothing."""
        for name in ("cut:lan", "cut:other"):
            self.expect(self.struck(name, self.cluster))

    def test_all_cut(self) -> None:
        """Both hold it from the verdict until they hear each other again."""
        double = (self.lasts - self.dead - MOMENT, self.lasts - self.dead + 3 * 0.1 + MOMENT)
        self.expect(self.struck("all-cut", self.cluster), double=double)

    def test_machine_stands_still(self) -> None:
        """It is taken for dead; when it goes on it lets go before anybody is served by both."""
        struck = self.struck("machine-stands-still", self.cluster)
        self.expect(struck, without=(0.8, self.dead + MOMENT), double=(0.0, MOMENT))

    def test_daemon_hangs(self) -> None:
        """What it holds serves on beside the successor's."""
        double = (self.lasts - self.dead - MOMENT, self.lasts - self.dead + 0.1 + MOMENT)
        self.expect(self.struck("daemon-hangs", self.cluster), double=double)


class FurtherTests(EffectCase):
    """Other clusters."""

    def test_service_fails(self) -> None:
        """It is found by its monitor, and started again."""
        service = web(monitor=2.0)
        struck = self.struck("service-fails", settings([service]), service)
        self.expect(struck, without=(0.0, 2.0 + MOMENT))
        self.assertGreater(max(one.without for one in struck), 0.0)

    def test_holder_cut_off_from_a_majority(self) -> None:
        """Under `quorum` it lets go before the other takes over."""
        cluster = settings(names=THREE, witnesses=("watcher",), arbiter="quorum")
        self.expect(self.struck("holder-cut-off", cluster), without=(0.1, 1.2))

    def test_no_majority(self) -> None:
        """Under `quorum`, with all links cut, nobody holds it until they are healed."""
        cluster = settings(names=THREE, witnesses=("watcher",), arbiter="quorum")
        struck = self.struck("all-cut", cluster)
        self.expect(struck, without=(2.0, lasting(cluster, web()) + 2.0))

    def test_what_cannot_happen_is_left_out(self) -> None:
        """One node alone, on one link, without a monitor."""
        service = web(("alpha",))
        names = [
            blow.name
            for blow in blows(settings([service], ("alpha",), links={"lan": (("alpha",), None)}), service)
        ]
        self.assertEqual(
            names, ["holder-dies", "daemon-ended", "machine-stands-still", "daemon-hangs", "all-cut"]
        )

    def test_never_held(self) -> None:
        """Where it is never held nothing can be said."""
        cluster = settings(arbiter="quorum")
        self.assertIsNone(Strike(1, cluster, lost(cluster, 0.999999), web(), 0).run())

    def test_same_seed(self) -> None:
        """One seed, one history."""
        cluster = settings()
        first, second = (Strike(5, cluster, lost(cluster, 0.2), web(), 0).run() for _ in range(2))
        self.assertEqual(first, second)


class EffectTests(SynchronousTestCase):
    """What some runs amount to."""

    def test_half_and_most(self) -> None:
        """The median and the worst of them; and how often it was lost."""
        blow = blows(settings(), web())[0]
        struck = [Struck(noticed, 1.0, 0.0, noticed != 0.5) for noticed in (0.7, 0.9, 0.5)]
        expected = Effect(blow, 3, Spread(0.7, 0.9), Spread(1.0, 1.0), Spread(0.0, 0.0), 1)
        self.assertEqual(effect(blow, struck), expected)

    def test_not_noticed(self) -> None:
        """Where nobody died there is nothing to notice."""
        blow = blows(settings(), web())[0]
        self.assertIsNone(effect(blow, [Struck(None, 0.0, 0.0, True)]).noticed)

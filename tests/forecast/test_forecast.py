"""Tests of heart.forecast.forecast, of its report and of its document."""

from __future__ import annotations

import json
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from heart.core.settings import Settings
from heart.forecast import forecast
from heart.forecast.calm import Calm
from heart.forecast.conditions import losses
from heart.forecast.document import document
from heart.forecast.forecast import Forecast, Prospect
from heart.forecast.report import conditions, lines, rate
from tests.forecast.support import lost, settings, web

SECONDS = 5.0


class ForecastCase(SynchronousTestCase):
    """With two runs of each blow, in this process."""

    def setUp(self) -> None:
        self.patch(forecast, "RUNS", 2)
        self.patch(forecast, "on_all_cores", map)
        self.progress: list[float] = []

    def foretell(self, cluster: Settings, share: float = 0.0) -> list[Prospect]:
        """What is foretold of a cluster."""
        self.forecast = Forecast(cluster, lost(cluster, share), SECONDS)
        return self.forecast.make(self.progress.append)


class ForecastTests(ForecastCase):
    """What is done, and what comes of it."""

    def test_alike(self) -> None:
        """Services that are alike are looked at once; others each for themselves."""
        services = (web(), web(("beta", "alpha"), "mail"), web(name="files"))
        found = self.foretell(settings(services))
        self.assertEqual([prospect.names for prospect in found], [("web", "files"), ("mail",)])
        self.assertEqual([prospect.service for prospect in found], [services[0], services[1]])

    def test_progress(self) -> None:
        """All that was announced is told to be done, piece by piece."""
        self.foretell(settings())
        self.assertGreater(len(self.progress), 10)
        self.assertAlmostEqual(sum(self.progress), self.forecast.seconds())

    def test_every_blow(self) -> None:
        """Each of them was struck as often as it should be."""
        (prospect,) = self.foretell(settings())
        self.assertEqual(len(prospect.effects), 9)
        self.assertEqual({effect.runs for effect in prospect.effects}, {2})
        self.assertEqual(prospect.calm, Calm(SECONDS, 0, 0, 0.0, 0.0))

    def test_same_every_time(self) -> None:
        """The same again for the same question."""
        self.assertEqual(self.foretell(settings(), 0.3), self.foretell(settings(), 0.3))

    def test_never_held(self) -> None:
        """Where it is never held there are no effects."""
        (prospect,) = self.foretell(settings(arbiter="quorum"), 0.999999)
        self.assertEqual((prospect.calm.held, prospect.effects), (False, ()))


class ReportTests(ForecastCase):
    """What a person is told."""

    def told(self, cluster: Settings, share: float = 0.0) -> str:
        """All lines."""
        (prospect,) = self.foretell(cluster, share)
        return "\n".join(lines(prospect))

    def test_conditions(self) -> None:
        """The cluster, and what each link loses."""
        cluster = replace(settings(), arbiter="ping")
        lost_here = losses(("lan", "other"), {"": 0.2}, {"lan": (0.1, 0.05)})
        self.assertEqual(
            list(conditions(cluster, lost_here)),
            [
                "cluster web: 2 nodes under ping, beats every 100ms",
                "  link lan (network): 20 % lost, and all lost in bursts of 50ms, 10 % of the time",
                "  link other (network): 20 % lost",
                "  on a further link: 20 % lost",
                "  the arbiter ping is taken to agree at once",
            ],
        )

    def test_nothing_lost(self) -> None:
        """Sound links lose nothing, which is said once."""
        self.assertEqual(
            list(conditions(settings(), lost(settings())))[1:],
            ["  link lan (network): nothing lost", "  link other (network): nothing lost"],
        )

    def test_report(self) -> None:
        """Each part is there, in columns of 80 characters at most."""
        text = self.told(settings())
        self.assertRegex(text, r"^web: on alpha, then beta\n")
        self.assertRegex(text, r"\n  as it is +0\.95 1\.00 s   never\n")
        self.assertRegex(text, r"\n  with one more network +0\.95 1\.00 s   never\n")
        self.assertIn("false takeovers: none; less than", text)
        self.assertRegex(text, r"\n  it dies +\d\.\d\d \d\.\d\d +\d\.\d\d \d\.\d\d +-\n")
        self.assertRegex(text, r"\n  link lan is cut +- +- +-\n")
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_service_that_nobody_else_may_hold(self) -> None:
        """What cannot be calculated is said in words, and so is what is lost for good."""
        text = self.told(settings([web(("alpha",))]))
        self.assertRegex(text, r"\n  as it is +\? +no other node takes part\n")
        self.assertRegex(text, r"\n  it dies .* not held in the end: 2 of 2\n")

    def test_never_held(self) -> None:
        """So it is said."""
        text = self.told(settings(arbiter="quorum"), 0.999999)
        self.assertIn("it is never held in these conditions", text)
        self.assertNotIn("what happens to its holder", text)

    def test_rates(self) -> None:
        """Rates are told as people say them."""
        for a_year, text in (
            (0.0, "never"),
            (1e-9, "less than one in 1,000,000 years"),
            (0.00123, "one in 810 years"),
            (0.5, "0.5 a year"),
            (1234567.0, "1,200,000 a year"),
        ):
            self.assertEqual(rate(a_year), text)


class DocumentTests(ForecastCase):
    """What a program is told."""

    def test_document(self) -> None:
        """It is JSON, and says the same."""
        cluster = settings([web(), web(("alpha",), "alone")])
        found = self.foretell(cluster, 0.2)
        told = json.loads(json.dumps(document(cluster, lost(cluster, 0.2), found)))
        self.assertEqual(
            told["links"]["lan"], {"baud": None, "each": 0.2, "burst_share": 0.0, "burst_mean": 0.0}
        )
        first, alone = told["services"]
        self.assertEqual((first["names"], first["nodes"]), (["web"], ["alpha", "beta"]))
        self.assertEqual(alone["calculated"], {"unknown": "no other node takes part"})
        calculated = found[0].calculated
        assert not isinstance(calculated, str)
        self.assertEqual(first["calculated"]["false_takeovers"], calculated.false_takeovers)
        self.assertEqual(first["calculated"]["detection"]["most"], 1.0)
        self.assertEqual(first["calm"]["a_year"]["low"], 0.0)
        effect = first["effects"][0]
        self.assertEqual((effect["name"], effect["lasts"], effect["runs"]), ("holder-dies", 0.0, 2))
        self.assertEqual(effect["without"]["most"], found[0].effects[0].without.most)

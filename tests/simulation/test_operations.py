"""The daily work on a simulated cluster: services that fail, and what operators order."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from heart.core import decisions as d
from heart.core import inputs
from heart.simulation.cluster import SimulatedCluster

Changes = list[list[str]]


class Case(SynchronousTestCase):
    """Two nodes of which alpha holds the service."""

    def begin(self, names: tuple[str, ...] = ("alpha", "beta"), **service: Any) -> SimulatedCluster:
        """A cluster that has run until alpha holds the service."""
        self.cluster = SimulatedCluster(1, names, **service)
        self.cluster.start()
        self.cluster.run(3)
        self.assertEqual(self.cluster.holders(), ["alpha"])
        return self.cluster

    def changes(self, seconds: float) -> Changes:
        """The holders, each time that they change; moments without one between two are left out."""
        changes = [holders for _, holders in self.cluster.run(seconds)]
        return [holders for holders in changes[:-1] if holders] + changes[-1:]

    def answer(self, node: str, number: int) -> tuple[bool, str]:
        """What an operator at this node was told."""
        answer = self.cluster.nodes[node].answers[number]
        return answer.done, answer.text

    def causes(self) -> list[tuple[str, str]]:
        """The node and the reason of each takeover so far."""
        return [
            (past.node, past.decision.reason)
            for past in self.cluster.history
            if isinstance(past.decision, d.TakeOver)
        ]


class MoveTests(Case):
    """`heart move`."""

    def test_from_either_node(self) -> None:
        """Asked for at either node, a service moves without a moment of two holders, and stays there."""
        for asked in ("alpha", "beta"):
            cluster = self.begin()
            number = cluster.nodes[asked].operate("move", "web", "beta")
            self.assertEqual(self.changes(30), [["alpha"], ["beta"]])
            self.assertEqual(self.causes()[1:], [("beta", "move")])
            done, text = self.answer(asked, number)
            self.assertTrue(done, text)
            self.assertIn("web has moved from alpha to beta", text)

    def test_how_fast(self) -> None:
        """A planned move takes what stop and start take, and hardly more."""
        self.begin().nodes["alpha"].operate("move", "web")
        self.cluster.run(5)
        (let_go,) = (past.time for past in self.cluster.history if isinstance(past.decision, d.Release))
        held_at, node, _ = self.cluster.reports("held")[-1]
        self.assertEqual(node, "beta")
        self.assertLess(held_at - let_go, 0.02 + 0.02 + 0.01)

    def test_two_at_once(self) -> None:
        """Opposite orders given at both nodes at once: one is in force on both, and each is answered."""
        cluster = self.begin()
        there = cluster.nodes["alpha"].operate("move", "web", "beta")
        back = cluster.nodes["beta"].operate("move", "web", "alpha")
        cluster.run(30)
        self.assertEqual(len(cluster.holders()), 1)
        self.assertEqual(self.answer("beta", back), (True, "alpha holds web already"))
        self.assertTrue(self.answer("alpha", there)[0])
        self.assertEqual(cluster.holders(), ["beta"])

    def test_same_twice(self) -> None:
        """The same order at both nodes at once is carried out once, and both are told so."""
        cluster = self.begin()
        numbers = {name: node.operate("move", "web", "beta") for name, node in cluster.nodes.items()}
        self.assertEqual(self.changes(30), [["alpha"], ["beta"]])
        for node, number in numbers.items():
            self.assertTrue(self.answer(node, number)[0])

    def test_during_a_cut(self) -> None:
        """While the other node cannot be heard nothing moves, and the reason is told."""
        cluster = self.begin()
        for medium in cluster.media.values():
            medium.cut_all()
        cluster.run(3)
        number = cluster.nodes["alpha"].operate("move", "web", "beta")
        done, text = self.answer("alpha", number)
        self.assertFalse(done)
        self.assertIn("beta is dead", text)

    def test_cut_just_after_the_order(self) -> None:
        """Where the cut comes between order and effect, one holder is there once it is healed."""
        cluster = self.begin()
        cluster.nodes["alpha"].operate("move", "web", "beta")
        for medium in cluster.media.values():
            medium.cut_all()
        cluster.run(5)
        for medium in cluster.media.values():
            medium.heal()
        cluster.run(20)
        self.assertEqual(len(cluster.holders()), 1)

    def test_target_that_dies(self) -> None:
        """A target that dies before it has taken the service does not cost the service its life."""
        cluster = self.begin()
        cluster.nodes["alpha"].operate("move", "web", "beta")
        cluster.nodes["beta"].kill()
        cluster.run(10)
        self.assertEqual(cluster.holders(), ["alpha"])

    def test_target_on_which_it_fails(self) -> None:
        """Where it does not start it comes back, and who asked is told why."""
        cluster = self.begin(restarts=0)
        cluster.nodes["beta"].scripts.fails.add("web")
        number = cluster.nodes["alpha"].operate("move", "web", "beta")
        cluster.run(30)
        self.assertEqual(cluster.holders(), ["alpha"])
        done, text = self.answer("alpha", number)
        self.assertFalse(done)
        self.assertIn("it failed on beta (it is made to fail)", text)

    def test_what_cannot_be(self) -> None:
        """Unknown services and nodes, and where it is already."""
        node = self.begin().nodes["alpha"]
        for subject, value, expected in (
            ("db", "beta", (False, "there is no service db; the services are: web")),
            (
                "web",
                "gamma",
                (False, "web stays on alpha: gamma may not hold web; expected one of alpha, beta"),
            ),
            ("web", "alpha", (True, "alpha holds web already")),
        ):
            self.assertEqual(self.answer("alpha", node.operate("move", subject, value)), expected)

    def test_while_it_moves(self) -> None:
        """Ordered again while nobody holds it, on its way, it is the same move; to elsewhere it is none."""
        cluster = self.begin()
        first = cluster.nodes["alpha"].operate("move", "web", "beta")
        while cluster.holders():
            cluster.world.run(0.001)
        cluster.world.run(0.002)
        again = [cluster.nodes[name].operate("move", "web", "beta") for name in ("alpha", "beta")]
        other = cluster.nodes["beta"].operate("move", "web", "alpha")
        self.assertEqual(self.changes(10)[-1], ["beta"])
        self.assertEqual(self.causes()[1:], [("beta", "move")])
        answers = [self.answer("alpha", first), *map(self.answer, ("alpha", "beta"), again)]
        self.assertEqual([done for done, _ in answers], [True] * 3, answers)
        done, text = self.answer("beta", other)
        self.assertFalse(done)
        self.assertIn("nothing to move", text)


class StandbyTests(Case):
    """`heart standby` and `heart active`."""

    def test_holder(self) -> None:
        """A holder that is put in standby hands over; active again, it does not take the service back."""
        cluster = self.begin()
        number = cluster.nodes["beta"].operate("standby", "alpha")
        self.assertEqual(self.changes(10), [["alpha"], ["beta"]])
        self.assertEqual(self.answer("beta", number), (True, "alpha is in standby; web is held by beta"))
        self.assertEqual(self.causes()[-1], ("beta", "standby"))
        number = cluster.nodes["alpha"].operate("active", "alpha")
        self.assertEqual(self.changes(20), [["beta"]])
        self.assertEqual(self.answer("alpha", number), (True, "alpha is active again"))

    def test_takes_nothing_over(self) -> None:
        """A node in standby leaves the service alone when the holder dies, until it is active again."""
        cluster = self.begin()
        cluster.nodes["alpha"].operate("standby", "beta")
        cluster.run(1)
        cluster.nodes["alpha"].kill()
        self.assertEqual(self.changes(20), [[]])
        cluster.nodes["beta"].operate("active", "beta")
        self.assertEqual(self.changes(5), [["beta"]])

    def test_while_the_node_is_away(self) -> None:
        """Given while the node is dead, the order holds when it returns, after a restart of either daemon."""
        cluster = self.begin()
        cluster.nodes["beta"].kill()
        cluster.run(3)
        number = cluster.nodes["alpha"].operate("standby", "beta")
        answer = (True, "beta is dead now; it will be in standby when it returns")
        self.assertEqual(self.answer("alpha", number), answer)
        cluster.nodes["alpha"].kill()
        cluster.nodes["alpha"].start()
        cluster.nodes["beta"].start()
        cluster.run(15)
        self.assertEqual(cluster.holders(), ["alpha"])
        cluster.nodes["alpha"].kill()
        self.assertEqual(self.changes(10), [[]])

    def test_everyone(self) -> None:
        """With every node in standby nobody holds the service, and the operator is told loudly."""
        cluster = self.begin()
        cluster.nodes["alpha"].operate("standby", "beta")
        cluster.run(1)
        number = cluster.nodes["alpha"].operate("standby", "alpha")
        self.assertEqual(self.changes(10), [["alpha"], []])
        self.assertEqual(self.answer("alpha", number), (True, "alpha is in standby; NOBODY holds web now"))

    def test_opposite_at_once(self) -> None:
        """Standby at one node and active at the other, at once: both nodes agree in the end."""
        cluster = self.begin()
        cluster.nodes["alpha"].operate("standby", "alpha")
        cluster.run(3)
        cluster.nodes["alpha"].operate("active", "alpha")
        cluster.nodes["beta"].operate("standby", "beta")
        cluster.run(20)
        self.assertEqual(cluster.holders(), ["alpha"])


class FailbackTests(Case):
    """`failback = true`."""

    def test_after_settle(self) -> None:
        """A preferred node that returns gets the service once it has been steady for `settle`."""
        cluster = self.begin(failback=True)
        cluster.nodes["alpha"].kill()
        cluster.run(20)
        cluster.nodes["alpha"].start()
        returned_at = cluster.world.now
        changes = cluster.run(40)
        self.assertEqual(changes[-1][1], ["alpha"])
        self.assertTrue(10 < changes[-1][0] - returned_at < 12, changes[-1][0] - returned_at)
        self.assertEqual(self.causes()[-1], ("alpha", "failback"))

    def test_unsteady(self) -> None:
        """A node that comes and goes within `settle` gets nothing."""
        cluster = self.begin(failback=True)
        for _ in range(4):
            cluster.nodes["alpha"].kill()
            cluster.run(3)
            cluster.nodes["alpha"].start()
            cluster.run(7)
            self.assertEqual(cluster.holders(), ["beta"])

    def test_where_an_operator_moved_it(self) -> None:
        """What an operator has moved away stays there."""
        self.begin(failback=True).nodes["alpha"].operate("move", "web", "beta")
        self.assertEqual(self.changes(60), [["alpha"], ["beta"]])


class MonitorTests(Case):
    """Services that die under a living node."""

    def test_restarted_here_then_moved(self) -> None:
        """What fails is started again here `restarts` times, and then moves to the next node."""
        cluster = self.begin(monitor=1.0, restarts=2)
        cluster.nodes["alpha"].scripts.sick["web"] = "script status: exit 1"
        self.assertEqual(self.changes(10), [["alpha"], ["beta"]])
        told = [report.reason for _, node, report in cluster.reports("failed") if node == "alpha"]
        self.assertEqual(len(told), 3)
        self.assertIn("tried again here, 2 of 2", told[1])
        self.assertEqual(self.causes()[-1], ("beta", "fault"))

    def test_mended_by_a_restart(self) -> None:
        """What a restart mends stays, and later failures are counted anew."""
        cluster = self.begin(monitor=1.0, restarts=1)
        for _ in range(3):
            cluster.nodes["alpha"].scripts.sick["web"] = "exit 1"
            told = len(cluster.reports("failed"))
            while len(cluster.reports("failed")) == told:
                cluster.run(0.1)
            del cluster.nodes["alpha"].scripts.sick["web"]
            self.assertEqual(self.changes(20), [["alpha"]])

    def test_status_that_takes_long(self) -> None:
        """A status that fails only after longer than `settle` is no good while: failures go on counting."""
        cluster = self.begin(monitor=1.0, restarts=2)
        cluster.nodes["alpha"].scripts.checks_in = 15.0
        cluster.nodes["alpha"].scripts.sick["web"] = "took longer than 15 s"
        self.assertEqual(self.changes(100), [["alpha"], ["beta"]])

    def test_fails_everywhere(self) -> None:
        """Failed on every node, it rests with the reason; a retry at either node starts it again."""
        cluster = self.begin(monitor=1.0, restarts=0)
        for node in cluster.nodes.values():
            node.scripts.sick["web"] = "exit 1"
        cluster.run(60)
        self.assertEqual(cluster.holders(), [])
        self.assertEqual(self.changes(60), [[]])
        for node in cluster.nodes.values():
            node.scripts.sick.clear()
        number = cluster.nodes["beta"].operate("retry", "web")
        self.assertEqual(self.changes(30), [["alpha"]])
        self.assertEqual(
            self.answer("beta", number), (True, "the failures of web are forgotten on alpha, beta")
        )

    def test_no_ping_pong(self) -> None:
        """A service that fails moves at most once in `settle`."""
        cluster = self.begin(("alpha", "beta", "gamma"), monitor=0.5, restarts=0)
        for node in cluster.nodes.values():
            node.scripts.sick["web"] = "exit 1"
        cluster.run(60)
        times = [past.time for past in cluster.history if isinstance(past.decision, d.TakeOver)]
        self.assertEqual([node for node, _ in self.causes()], ["alpha", "beta", "gamma"])
        self.assertGreaterEqual(times[2] - times[1], 10)

    def test_forgotten(self) -> None:
        """After `forget` a node may hold what failed there."""
        cluster = self.begin(monitor=1.0, restarts=0, forget=30.0)
        cluster.nodes["alpha"].scripts.sick["web"] = "exit 1"
        cluster.run(10)
        cluster.nodes["alpha"].scripts.sick.clear()
        cluster.nodes["beta"].kill()
        self.assertEqual(self.changes(15), [[]])
        self.assertEqual(self.changes(15), [["alpha"]])

    def test_start_is_tried_again(self) -> None:
        """A start that fails is tried again here, after a pause."""
        cluster = SimulatedCluster(1, restarts=2)
        cluster.nodes["alpha"].scripts.fails.add("web")
        cluster.start()
        cluster.run(3)
        cluster.nodes["alpha"].scripts.fails.clear()
        cluster.run(3)
        self.assertEqual(cluster.holders(), ["alpha"])


class HindranceTests(Case):
    """A node that could not hold the service now: its interface has no carrier."""

    def test_moves(self) -> None:
        """The holder hands over to a node that can, and does not get it back by itself."""
        cluster = self.begin()
        cluster.nodes["alpha"].give(inputs.Hindered("web", "eth0 has no carrier"))
        self.assertEqual(self.changes(10), [["alpha"], ["beta"]])
        cluster.nodes["alpha"].give(inputs.Hindered("web", None))
        self.assertEqual(self.changes(20), [["beta"]])

    def test_short_flap(self) -> None:
        """A carrier that is away for less than `late` moves nothing."""
        cluster = self.begin()
        cluster.nodes["alpha"].give(inputs.Hindered("web", "eth0 has no carrier"))
        cluster.run(0.2)
        cluster.nodes["alpha"].give(inputs.Hindered("web", None))
        self.assertEqual(self.changes(10), [["alpha"]])

    def test_kept_where_nobody_can(self) -> None:
        """Where no node has a carrier, as when a switch restarts, the service stays where it is."""
        cluster = self.begin()
        for node in cluster.nodes.values():
            node.give(inputs.Hindered("web", "eth0 has no carrier"))
        self.assertEqual(self.changes(20), [["alpha"]])

    def test_takes_nothing_over(self) -> None:
        """A node that could not hold it leaves it alone when the holder dies, until it could."""
        cluster = self.begin()
        cluster.nodes["beta"].give(inputs.Hindered("web", "eth0 has no carrier"))
        cluster.nodes["alpha"].kill()
        self.assertEqual(self.changes(10), [[]])
        cluster.nodes["beta"].give(inputs.Hindered("web", None))
        self.assertEqual(self.changes(5), [["beta"]])


class AttributeTests(Case):
    """`heart set`."""

    def test_spread(self) -> None:
        """What is set at one node is known at every one, and outlives its daemon."""
        cluster = self.begin()
        number = cluster.nodes["alpha"].operate("set", "lag", "5")
        self.assertEqual(self.answer("alpha", number), (True, "lag is 5 on alpha"))
        cluster.run(1)
        cluster.nodes["alpha"].kill()
        cluster.nodes["beta"].kill()
        cluster.nodes["beta"].start()
        core = cluster.nodes["beta"].core
        assert core is not None
        self.assertEqual(core.state.orders.attributes(), {"alpha": {"lag": "5"}})

    def test_by_a_timer(self) -> None:
        """The same value again is no news and writes nothing; no value is an event, so the history stays."""
        cluster = self.begin()
        for value in ("5", "5", "6", "6"):
            cluster.nodes["alpha"].operate("set", "lag", value)
            cluster.run(1)
        stored = [past.node for past in cluster.history if isinstance(past.decision, d.StoreOrders)]
        self.assertEqual(sorted(stored), ["alpha", "alpha", "beta", "beta"])
        self.assertEqual(cluster.reports("operator"), [])

"""The core that ships, on simulated links: a few stories of two nodes."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from heart.core import decisions as d
from heart.simulation.cluster import SimulatedCluster

AB, BA = ("alpha", "beta"), ("beta", "alpha")


class StoryTests(SynchronousTestCase):
    """A few stories whose every step is known."""

    def setUp(self) -> None:
        self.cluster = SimulatedCluster(1)
        self.cluster.start()
        self.cluster.run(3)

    def test_started_together(self) -> None:
        """The preferred node takes the service, and nobody else."""
        self.assertEqual(self.cluster.holders(), ["alpha"])

    def test_started_one_by_one(self) -> None:
        """A node that comes later leaves the service where it is, though it is preferred."""
        cluster = SimulatedCluster(1)
        cluster.nodes["beta"].start()
        cluster.run(8)
        cluster.nodes["alpha"].start()
        self.assertEqual([holders for _, holders in cluster.run(20)], [["beta"]])

    def test_death_of_the_holder(self) -> None:
        """The other node holds the service `dead` after the last beat, no sooner and hardly later."""
        self.cluster.nodes["alpha"].kill()
        (_, (taken_at, holders)) = self.cluster.run(3)
        self.assertEqual(holders, ["beta"])
        self.assertTrue(3.8 < taken_at < 4.1, taken_at)

    def test_one_cable_is_enough(self) -> None:
        """With the LAN cut nothing happens; the links that are silent are told of."""
        self.cluster.media["lan"].cut_all()
        self.assertEqual([holders for _, holders in self.cluster.run(20)], [["alpha"]])
        told = {(node, report.fields["link"]) for _, node, report in self.cluster.reports("link-down")}
        self.assertEqual(told, {("alpha", "lan"), ("beta", "lan")})
        self.assertEqual(self.cluster.reports("node-late"), [])

    def test_slow_cable_is_enough(self) -> None:
        """A line of 9,600 baud alone keeps both nodes alive, and the service where it is."""
        cluster = SimulatedCluster(1, links={"lan": None, "cable": 9600})
        cluster.start()
        cluster.run(3)
        cluster.media["lan"].cut_all()
        self.assertEqual([holders for _, holders in cluster.run(60)], [["alpha"]])
        self.assertEqual(cluster.reports("node-dead"), [])

    def test_every_cable_cut_and_healed(self) -> None:
        """With every cable cut both hold the service; healed, one is left within two beats and `stop`."""
        for medium in self.cluster.media.values():
            medium.cut_all()
        self.cluster.run(5)
        self.assertEqual(self.cluster.holders(), ["alpha", "beta"])
        for medium in self.cluster.media.values():
            medium.heal()
        healed_at = self.cluster.world.now
        (_, (left_at, holders)) = self.cluster.run(5)
        self.assertEqual(len(holders), 1)
        self.assertLess(left_at, healed_at + 0.2 + 0.3)
        stays = [node.name for node in self.cluster.nodes.values() if node.holding]
        announced = [past.node for past in self.cluster.history if isinstance(past.decision, d.Announce)]
        self.assertEqual(announced[-1:], stays)

    def test_deaf_rival(self) -> None:
        """A holder whom the other node cannot hear lets go before that node takes over."""
        for medium in self.cluster.media.values():
            medium.suffer(cut=frozenset({AB}))
        changes = [holders for _, holders in self.cluster.run(10)]
        self.assertEqual(changes, [["alpha"], [], ["beta"]])

    def test_opposite_one_way_links(self) -> None:
        """Links that each work in one direction only, opposite ones, are as good as a whole one."""
        self.cluster.media["lan"].suffer(cut=frozenset({AB}))
        self.cluster.media["cable"].suffer(cut=frozenset({BA}))
        self.assertEqual([holders for _, holders in self.cluster.run(20)], [["alpha"]])

    def test_start_that_fails(self) -> None:
        """A service that does not start on one node is held by the next."""
        self.cluster.nodes["alpha"].kill()
        self.cluster.run(3)
        self.cluster.nodes["alpha"].scripts.fails.add("web")
        self.cluster.nodes["alpha"].start()
        self.cluster.run(3)
        self.cluster.nodes["beta"].kill()
        self.cluster.run(4)
        self.cluster.nodes["beta"].start()
        self.cluster.run(8)
        self.assertEqual(self.cluster.holders(), ["beta"])

    def test_loss_of_every_third_frame(self) -> None:
        """Thirty per cent loss on both links for ten minutes is no reason for a takeover."""
        for medium in self.cluster.media.values():
            medium.suffer(loss=0.3)
        self.assertEqual([holders for _, holders in self.cluster.run(600)], [["alpha"]])

    def test_same_seed_same_history(self) -> None:
        """One seed, one history, to the last decision."""
        histories = []
        for _ in range(2):
            cluster = SimulatedCluster(7)
            cluster.start()
            cluster.media["lan"].suffer(loss=0.5)
            cluster.run(10)
            cluster.nodes["alpha"].kill()
            cluster.run(10)
            histories.append((cluster.history, cluster.media["lan"].carried))
        self.assertEqual(*histories)

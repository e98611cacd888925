"""A changed configuration on a simulated cluster: taken up node by node, while beats go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from heart.config.model import Node, ScriptResource, Service, Timing
from heart.core import decisions as d
from heart.core.settings import Settings
from heart.simulation.cluster import DEFAULT_TIMING, SimulatedCluster
from heart.simulation.node import SimulatedNode

FASTER = Timing(beat=0.02, late=0.05, dead=0.2, lease=0.12, start=1.0, settle=2.0)
SLOWER = Timing(beat=1.0, late=2.5, dead=10.0, lease=6.0, start=50.0, settle=100.0)


def changed(node: SimulatedNode, **changes: Any) -> Settings:
    """The node's settings with changes, under a digest of these changes."""
    return replace(node.settings, configuration=repr(changes), **changes)


class ReloadTests(SynchronousTestCase):
    """Two nodes of which alpha holds the service."""

    def setUp(self) -> None:
        self.cluster = SimulatedCluster(1)
        for medium in self.cluster.media.values():
            medium.suffer(delay=(0.0005, 0.0005))  # frames keep their order, so that none counts as lost
        self.cluster.start()
        self.cluster.run(3)
        self.alpha, self.beta = self.cluster.nodes.values()

    def reload(self, *names: str, **changes: Any) -> None:
        """These nodes, or all, take up a changed configuration."""
        for name in names or self.cluster.nodes:
            node = self.cluster.nodes[name]
            node.reconfigure(changed(node, **changes))

    def changes(self, seconds: float) -> list[list[str]]:
        """The holders, each time that they change."""
        return [holders for _, holders in self.cluster.run(seconds)]

    def timing(self, name: str) -> Timing:
        """The timing that is in force on a node."""
        core = self.cluster.nodes[name].core
        assert core is not None
        return core.state.timing

    def assert_quiet(self) -> None:
        """Nothing was late, silent or refused since the start."""
        for kind in ("node-late", "node-dead", "link-down", "refused", "conflict"):
            self.assertEqual(self.cluster.reports(kind), [], kind)

    def test_nothing_changes(self) -> None:
        """The same again disturbs nothing."""
        self.reload()
        self.assertEqual(self.changes(10), [["alpha"]])
        self.assert_quiet()

    def test_no_beat_is_missed(self) -> None:
        """Across any number of reloads each peer takes in every beat that was sent."""
        for number in range(20):
            self.reload(timing=replace(DEFAULT_TIMING, settle=10.0 + number))
            self.cluster.run(0.35)
        for node in self.cluster.nodes.values():
            assert node.core is not None
            for peer in node.core.state.everyone:
                self.assertEqual([hearing.lost() for hearing in peer.hearings], [0, 0])
        self.assert_quiet()

    def test_other_timing(self) -> None:
        """Faster or slower by far, taken up one node after the other: nobody is late, and all get there."""
        for timing in (FASTER, SLOWER, DEFAULT_TIMING):
            self.reload("alpha", timing=timing)
            self.assertEqual(self.changes(20), [["alpha"]])
            self.reload("beta", timing=timing)
            self.assertEqual(self.changes(40), [["alpha"]])
            self.assertEqual([self.timing("alpha"), self.timing("beta")], [timing, timing])
        self.assert_quiet()

    def test_careful_until_all_have_it(self) -> None:
        """While a peer runs the old file, of each time the more careful one is in force."""
        self.reload("beta", timing=FASTER)
        self.cluster.run(5)
        careful = Timing(beat=0.02, late=0.25, dead=1.0, lease=0.12, start=1.0, settle=2.0)
        self.assertEqual(self.timing("beta"), careful)
        self.alpha.pause(0.5)
        self.assertNotIn(["alpha", "beta"], self.changes(5))

    def test_death_during_a_reload(self) -> None:
        """A holder that dies before it has taken up a faster timing is given its old time to let go."""
        self.reload("beta", timing=FASTER)
        self.cluster.run(1)
        self.alpha.kill()
        killed_at = self.cluster.world.now
        _, (taken_at, holders) = self.cluster.run(5)
        self.assertEqual(holders, ["beta"])
        self.assertGreater(taken_at - killed_at, 0.9)

    def test_slower_line_in_one_file(self) -> None:
        """On a line that one file reckons slower, a holder does not hold on beyond the other's verdict."""
        for baud in (4800, 2400):
            self.cluster = SimulatedCluster(1)
            self.cluster.start()
            self.cluster.run(3)
            self.cluster.media["lan"].cut_all()
            self.slow_down(9600, "alpha", "beta")
            self.slow_down(baud, "alpha")
            self.cluster.media["cable"].suffer(cut=frozenset({("alpha", "beta")}))
            self.assertNotIn(["alpha", "beta"], self.changes(15), baud)

    def slow_down(self, baud: int, *names: str) -> None:
        """These nodes take up that their cable is so slow."""
        for name in names:
            node = self.cluster.nodes[name]
            links = tuple(replace(link, baud=baud if link.baud else None) for link in node.settings.links)
            node.reconfigure(replace(node.settings, configuration=str(baud), links=links, reach=links))
        self.cluster.run(10)

    def test_other_resources(self) -> None:
        """Other resources are started anew on the holder alone, which goes on to hold the service."""
        web = replace(self.alpha.settings.services[0], resources=(ScriptResource(("/bin/true",), 20.0),))
        self.reload(services=(web,))
        self.assertEqual(self.changes(10), [["alpha"]])
        restarted = [past.node for past in self.cluster.history if isinstance(past.decision, d.Restart)]
        self.assertEqual(restarted, ["alpha"])

    def test_no_longer_among_its_nodes(self) -> None:
        """A holder that may not hold it any more hands over; the service has a holder at once."""
        web = replace(self.alpha.settings.services[0], nodes=("beta",))
        self.reload(services=(web,))
        self.assertEqual(self.changes(10)[-1], ["beta"])
        self.assert_quiet()

    def test_more_and_fewer_services(self) -> None:
        """A new service is started; one that is gone is let go of, and no beat speaks of it."""
        web = self.alpha.settings.services[0]
        self.reload(services=(web, Service("db", ("beta", "alpha"), 0.3, ())))
        self.cluster.run(5)
        self.assertEqual((self.cluster.holders("web"), self.cluster.holders("db")), (["alpha"], ["beta"]))
        self.reload(services=(web,))
        self.cluster.run(5)
        self.assertEqual((self.cluster.holders("web"), self.cluster.holders("db")), (["alpha"], []))
        for node in self.cluster.nodes.values():
            assert node.core is not None
            self.assertEqual(
                [word.service for word in node.core.tenures.words()], [node.core.tenures.all[0].name_hash]
            )
        self.assert_quiet()

    def test_another_node(self) -> None:
        """A third node is added and taken away while the service stays where it is."""
        names = (Node("alpha"), Node("beta"), Node("gamma"))
        links = tuple(replace(link, peers=("alpha", "beta", "gamma")) for link in self.alpha.settings.links)
        self.reload(nodes=names, links=links)
        self.assertEqual(self.changes(10), [["alpha"]])
        self.reload(nodes=names[:2], links=tuple(replace(link, peers=("alpha", "beta")) for link in links))
        self.assertEqual(self.changes(10), [["alpha"]])
        self.assert_quiet()

    def test_one_link_less_and_more(self) -> None:
        """A link is taken away and put back; the other carries the beats."""
        lan, cable = self.alpha.settings.links
        self.reload(links=(cable,))
        self.assertEqual(self.changes(10), [["alpha"]])
        self.reload(links=(lan, cable))
        self.assertEqual(self.changes(10), [["alpha"]])
        for kind in ("node-late", "node-dead"):
            self.assertEqual(self.cluster.reports(kind), [], kind)

    def test_nodes_that_differ_say_so(self) -> None:
        """A node whose file is another says which keys differ, and no more once they are the same."""
        self.reload("alpha")
        self.cluster.run(1)
        told = [
            (node, report.fields.get("peer")) for _, node, report in self.cluster.reports("configuration")
        ]
        self.assertIn(("beta", "alpha"), told)

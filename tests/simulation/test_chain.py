"""Nodes that hear each other only through others: a chain of null-modem cables, and cables beside a LAN."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from heart.beat import Beat
from heart.core.peers.peer import Life
from heart.simulation.cluster import SimulatedCluster
from heart.simulation.invariants.facts import Witness

NAMES = ("alpha", "beta", "gamma", "delta")
CABLES = {"ab": ("alpha", "beta"), "bc": ("beta", "gamma"), "cd": ("gamma", "delta")}


def chain(seed: int = 1, baud: int = 115200, ring: bool = False, **service: Any) -> SimulatedCluster:
    """Four nodes on three cables in a row; with `ring`, a fourth cable joins the ends."""
    cables = CABLES | ({"da": ("delta", "alpha")} if ring else {})
    cluster = SimulatedCluster(seed, NAMES, dict.fromkeys(cables, baud), ends=cables, **service)
    cluster.start()
    return cluster


class Counter(Witness):
    """Counts beats that are passed on."""

    passed_on = 0

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """Count it, if it is another node's."""
        self.passed_on += bool(beat.through)


class Case(SynchronousTestCase):
    """What the tests of a chain ask."""

    def lives(self, cluster: SimulatedCluster, name: str) -> dict[str, Life]:
        """What a node holds its peers to be."""
        core = cluster.nodes[name].core
        assert core is not None
        return {peer.name: peer.life for peer in core.state.everyone}

    def assert_whole(self, cluster: SimulatedCluster) -> None:
        """Every node that runs holds every other for up, and all have one table."""
        running = [name for name, node in cluster.nodes.items() if node.core is not None]
        for name in running:
            self.assertEqual(set(self.lives(cluster, name).values()), {Life.UP}, name)
        tables = {node.core.state.table.digest for node in cluster.nodes.values() if node.core is not None}
        self.assertEqual(len(tables), 1)

    def assert_quiet(self, cluster: SimulatedCluster, since: float) -> None:
        """Since then nobody was held for late or dead, nothing was refused, and nothing let go of."""
        for kind in ("node-late", "node-dead", "refused", "conflict", "release", "link-down"):
            told = [report.reason for time, _, report in cluster.reports(kind) if time > since]
            self.assertEqual(told, [], kind)


class ChainTests(Case):
    """Three cables in a row."""

    def test_one_table(self) -> None:
        """All four are up to each other and share one table, for minutes, at 115,200 baud."""
        cluster = chain()
        cluster.run(10)
        self.assert_whole(cluster)
        self.assertEqual(cluster.run(300, step=1)[-1][1], ["alpha"])
        self.assert_whole(cluster)
        self.assert_quiet(cluster, since=10)

    def test_slow_lines(self) -> None:
        """At 9,600 baud, where word from end to end takes seconds, they are whole too, with one holder."""
        cluster = chain(baud=9600)
        cluster.run(60)
        self.assert_whole(cluster)
        self.assertEqual([len(holders) for _, holders in cluster.run(300, step=1)], [1])
        self.assert_whole(cluster)
        self.assertEqual(cluster.reports("release"), [])

    def test_half_of_the_capacity(self) -> None:
        """No line carries more than half of what it could in either direction, with what is passed on."""
        for baud in (9600, 115200):
            cluster = chain(baud=baud)
            cluster.run(20)
            sizes: dict[tuple[str, str], int] = {}
            for name, node in cluster.nodes.items():
                for link, medium in node.media.items():
                    self._count(sizes, name, link, medium)
            cluster.run(60)
            for (name, link), size in sizes.items():
                at_once = 250 * 10  # what a line has saved lets one frame go before its time
                self.assertLess((size * 10 - at_once) / 60, baud / 2, f"{name} on {link} at {baud}")
            self.assertGreater(min(sizes.values()), 0)

    def _count(self, sizes: dict[tuple[str, str], int], name: str, link: str, medium: Any) -> None:
        send, key = medium.send, (name, link)
        sizes[key] = 0

        def counted(sender: str, frame: bytes) -> None:
            if (sender, link) in sizes:
                sizes[sender, link] += len(frame) + 4 if sender == name else 0
            send(sender, frame)

        self.patch(medium, "send", counted)

    def test_takeover_at_the_other_end(self) -> None:
        """The holder at one end dies: its neighbour takes over, and all agree."""
        cluster = chain()
        cluster.run(10)
        cluster.nodes["alpha"].kill()
        self.assertEqual(cluster.run(10)[-1][1], ["beta"])
        for name in NAMES[1:]:
            self.assertEqual(self.lives(cluster, name)["alpha"], Life.DEAD)

    def test_move_from_end_to_end(self) -> None:
        """An order at one end moves the service to the other, with never two holders."""
        cluster = chain()
        cluster.run(10)
        number = cluster.nodes["beta"].operate("move", "web", "delta")
        changes = [holders for _, holders in cluster.run(10)]
        self.assertEqual(changes[-1], ["delta"])
        self.assertTrue(all(len(holders) < 2 for holders in changes), changes)
        self.assertTrue(cluster.nodes["beta"].answers[number].done)
        self.assert_whole(cluster)

    def test_goodbye_is_passed_on(self) -> None:
        """A goodbye at one end is heard at the other: the successor need not wait for silence."""
        cluster = chain()
        cluster.run(10)
        cluster.nodes["alpha"].shut_down()
        cluster.run(1)
        self.assertEqual([self.lives(cluster, name)["alpha"] for name in NAMES[1:]], [Life.LEFT] * 3)

    def test_node_that_comes_back(self) -> None:
        """A node at the end that starts anew is proven through the others, and known to all again."""
        cluster = chain()
        cluster.run(10)
        cluster.nodes["delta"].kill()
        cluster.run(10)
        cluster.nodes["delta"].start()
        cluster.run(5)
        self.assert_whole(cluster)
        self.assertEqual(cluster.holders(), ["alpha"])

    def test_loss(self) -> None:
        """Ten percent of the frames lost on every cable: nobody is dead and nothing moves for minutes."""
        cluster = chain(3)
        for cable in cluster.media.values():
            cable.suffer(loss=0.1)
        cluster.run(10)
        self.assertEqual([holders for _, holders in cluster.run(300, step=0.5)], [["alpha"]])
        self.assertEqual(cluster.reports("node-dead"), [])

    def test_passed_on_once(self) -> None:
        """Each beat comes to each node once, along the chain, with those who passed it on in it."""
        cluster = chain()
        cluster.run(10)
        core = cluster.nodes["delta"].core
        assert core is not None
        alpha = core.state.peers["alpha"]
        assert alpha.beat is not None
        names = {peer.name_hash: peer.name for peer in core.state.everyone}
        self.assertEqual([names[node] for node in alpha.beat.through], ["beta", "gamma"])
        before = cluster.media["cd"].carried
        cluster.run(10)
        # four senders at ten beats a second, and what they ask each other beside that
        self.assertLess((cluster.media["cd"].carried - before) / 10, 80)

    def test_cut_in_the_middle(self) -> None:
        """The middle cable cut under `trust`: each half has a holder; healed, one is left within a second."""
        cluster = chain()
        cluster.run(10)
        cluster.media["bc"].cut_all()
        cluster.run(15)
        self.assertEqual(cluster.holders(), ["alpha", "gamma"])
        cluster.media["bc"].heal()
        cluster.run(2)
        self.assertEqual(len(cluster.holders()), 1)
        cluster.run(10)
        self.assert_whole(cluster)


class RingTests(Case):
    """A fourth cable joins the ends."""

    def test_any_cable_may_be_cut(self) -> None:
        """Whichever cable is cut, all stay up to each other and the service stays where it is."""
        for cut in ("ab", "bc", "cd", "da"):
            cluster = chain(ring=True)
            cluster.run(10)
            cluster.media[cut].cut_all()
            self.assertEqual([holders for _, holders in cluster.run(30)], [["alpha"]], cut)
            self.assert_whole(cluster)
            self.assertEqual(cluster.reports("node-dead"), [])

    def test_any_node_may_die(self) -> None:
        """Whichever node dies, the others stay up to each other and one of them holds the service."""
        for name in NAMES:
            cluster = chain(ring=True)
            cluster.run(10)
            cluster.nodes[name].kill()
            cluster.run(20)
            dead = {
                (who, peer)
                for _, who, report in cluster.reports("node-dead")
                if (peer := report.fields["peer"])
            }
            self.assertEqual({peer for _, peer in dead}, {name})
            self.assertEqual(cluster.holders(), ["beta" if name == "alpha" else "alpha"])


class LanTests(Case):
    """A LAN for all, and a cable between two of them."""

    def begin(self) -> SimulatedCluster:
        """Three nodes that have run until alpha holds the service."""
        cluster = SimulatedCluster(
            1, NAMES[:3], {"lan": None, "cable": 115200}, ends={"cable": ("alpha", "beta")}
        )
        cluster.start()
        cluster.run(10)
        return cluster

    def test_nothing_is_passed_on(self) -> None:
        """Where all hear each other directly nobody passes anything on."""
        cluster = self.begin()
        self.assertEqual(self.passed_on(cluster, 10), 0)

    def test_lan_of_one_node_is_cut(self) -> None:
        """A node that has lost its LAN is heard by all through its neighbour on the cable, and keeps all."""
        cluster = self.begin()
        cluster.media["lan"].suffer(
            cut=frozenset({(a, b) for a in NAMES[:3] for b in NAMES[:3] if a != b and "alpha" in (a, b)})
        )
        self.assertEqual([holders for _, holders in cluster.run(30)], [["alpha"]])
        self.assert_whole(cluster)
        self.assertEqual(cluster.reports("node-dead"), [])
        self.assertGreater(self.passed_on(cluster, 10), 100)

    def passed_on(self, cluster: SimulatedCluster, seconds: float) -> int:
        """How many frames are passed on in that time."""
        counter = Counter()
        cluster.facts.add(counter)
        cluster.run(seconds)
        return counter.passed_on

"""A majority decides, on simulated links: a few stories whose every step is known."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from heart.config.model import QUORUM, Node
from heart.core.settings import Settings
from heart.simulation.cluster import SimulatedCluster
from heart.simulation.node import SimulatedNode

NAMES = ("alpha", "beta", "watcher")


class Case(SynchronousTestCase):
    """Two nodes and a witness."""

    def begin(self, arbiter: str = QUORUM, names: tuple[str, ...] = NAMES) -> SimulatedCluster:
        """Alpha holds the service."""
        witnesses = tuple(name for name in names if name not in ("alpha", "beta"))
        self.cluster = SimulatedCluster(1, names, arbiter=arbiter, witnesses=witnesses)
        self.cluster.start()
        self.cluster.run(4)
        self.assertEqual(self.cluster.holders(), ["alpha"])
        return self.cluster

    def changes(self, seconds: float) -> list[list[str]]:
        """Who holds the service, each time that it changes."""
        return [holders for _, holders in self.cluster.run(seconds)]

    def cut_off(self, *names: str) -> None:
        """These are cut off from all others on every link, and from each other."""
        ways = frozenset((a, b) for a in NAMES for b in NAMES if a != b and (a in names or b in names))
        for medium in self.cluster.media.values():
            medium.suffer(cut=ways)

    def heal(self) -> None:
        """All is well again."""
        for medium in self.cluster.media.values():
            medium.heal()


class StoryTests(Case):
    """What happens to the holder when others die or are cut off."""

    def test_death_of_the_holder(self) -> None:
        """The other takes over as soon as under `trust`: `dead` after the last beat."""
        self.begin().nodes["alpha"].kill()
        died_at = self.cluster.world.now
        (_, (taken_at, holders)) = self.cluster.run(5)
        self.assertEqual(holders, ["beta"])
        self.assertLess(taken_at - died_at, 1.05)

    def test_holder_cut_off(self) -> None:
        """It lets go before the other takes over, and nobody holds it twice when all is healed."""
        self.begin()
        self.cut_off("alpha")
        self.assertEqual(self.changes(10), [["alpha"], [], ["beta"]])
        self.heal()
        self.assertEqual(self.changes(10), [["beta"]])

    def test_everybody_cut_off(self) -> None:
        """Nobody holds anything, and once two hear each other again one does."""
        self.begin()
        self.cut_off(*NAMES)
        self.assertEqual(self.changes(30), [["alpha"], []])
        self.heal()
        self.assertEqual(len(self.changes(30)[-1]), 1)

    def test_holder_keeps_the_service(self) -> None:
        """Neither the witness nor the standby alone is needed, and none costs a break when it comes back."""
        self.begin()
        for name in ("watcher", "beta"):
            self.cluster.nodes[name].kill()
            self.assertEqual(self.changes(10), [["alpha"]], name)
            self.cluster.nodes[name].start()
            self.assertEqual(self.changes(10), [["alpha"]], name)

    def test_bridge(self) -> None:
        """While the witness hears both, it does not matter that holder and standby lose each other."""
        self.begin()
        for medium in self.cluster.media.values():
            medium.suffer(cut=frozenset({("alpha", "beta"), ("beta", "alpha")}))
        self.assertEqual(self.changes(20), [["alpha"]])

    def test_preferred_node_without_a_majority(self) -> None:
        """A preferred node that hears the standby, but not the witness, leaves the service to it."""
        self.begin().nodes["alpha"].kill()
        self.cluster.run(5)
        self.cluster.nodes["beta"].kill()
        self.cluster.run(5)
        ways = frozenset({("alpha", "watcher"), ("watcher", "alpha")})
        for medium in self.cluster.media.values():
            medium.suffer(cut=ways)
        self.cluster.nodes["alpha"].start()
        self.cluster.nodes["beta"].start()
        self.cluster.run(30)
        self.assertEqual(len(self.cluster.holders()), 1)

    def test_voters_who_know_nothing(self) -> None:
        """A voter that has lost its memory takes the holder's claim for what it is."""
        self.begin()
        for name in ("beta", "watcher"):
            node = self.cluster.nodes[name]
            node.kill()
            node.forget()
            node.start()
            self.assertEqual(self.changes(10), [["alpha"]], name)


class ChangeTests(Case):
    """Voters, and the arbiter, are changed on a running cluster."""

    def reload(self, change: dict[str, object], pause: float = 1.0) -> None:
        """Give each node the changed file, one after the other."""
        for node in self.cluster.nodes.values():
            if node.core is not None:
                node.reconfigure(changed(node, change))
                self.cluster.run(pause)

    def voters(self) -> set[tuple[str, ...]]:
        """The sets that nodes vote under."""
        cores = [node.core for node in self.cluster.nodes.values() if node.core is not None]
        return {core.state.electorate.voters for core in cores if not core.state.electorate.between}

    def test_one_less(self) -> None:
        """A fourth voter is taken out, and the service stays where it is."""
        self.begin(names=(*NAMES, "other"))
        self.cluster.nodes["other"].kill()
        self.cluster.run(5)
        nodes = tuple(Node(name, witness=name == "watcher") for name in NAMES)
        self.reload({"nodes": nodes, "configuration": "three"})
        self.cluster.run(5)
        self.assertEqual(self.voters(), {NAMES})
        self.assertEqual(self.cluster.holders(), ["alpha"])
        self.assertEqual([report for _, _, report in self.cluster.reports("release")], [])
        self.assertEqual({node.voters[0] for node in list(self.cluster.nodes.values())[:3]}, {NAMES})

    def test_one_file_alone(self) -> None:
        """One changed file changes nothing: until a majority has it all vote as before."""
        cluster = self.begin(names=(*NAMES, "other"))
        nodes = tuple(Node(name, witness=name == "watcher") for name in NAMES)
        first = cluster.nodes["alpha"]
        first.reconfigure(changed(first, {"nodes": nodes, "configuration": "three"}))
        self.assertEqual(self.changes(20), [["alpha"]])
        self.assertEqual(self.voters(), {(*NAMES, "other")})

    def test_from_trust_to_quorum_and_back(self) -> None:
        """The arbiter is changed without a takeover, and then in force."""
        self.begin("trust")
        self.reload({"arbiter": QUORUM, "configuration": "votes"})
        self.assertEqual(self.changes(10), [["alpha"]])
        self.cut_off("alpha")
        self.assertEqual(self.changes(10), [["alpha"], [], ["beta"]])
        self.heal()
        self.cluster.run(5)
        self.reload({"arbiter": "trust", "configuration": "trusts"})
        self.assertEqual(self.changes(10), [["beta"]])
        self.cut_off("alpha")
        self.assertEqual(self.changes(10)[-1], ["alpha", "beta"])


def changed(node: SimulatedNode, change: dict[str, object]) -> Settings:
    """The settings of a node with these changes."""
    return replace(node.settings, **change)  # type: ignore[arg-type]

"""Real daemons whose set of voters changes, or whose arbiter does, while the service goes on."""

from __future__ import annotations

from collections.abc import Iterable

from tests.whole.majority import CONFIGURATION, HELD_BY_ALPHA, HELD_BY_BETA, HELD_BY_NOBODY, NAMES, QuorumCase
from tests.whole.nodes import Node, services

TRUST = CONFIGURATION.replace('kind = "quorum"', 'kind = "trust"')
FOURTH = "[nodes.fourth]\nwitness = true\n[links.lan]"


class ReloadCase(QuorumCase):
    """A changed file, taken up node by node."""

    def reload(self, text: str, nodes: Iterable[Node]) -> None:
        """Write the file anew, and have these nodes take it up."""
        self.config.write_text(text)
        for node in nodes:
            code, told = node.heart("reload")
            self.expect(code == 0, f"heart reload on {node.name}: {told}")

    def expect_untouched(self) -> None:
        """Alpha holds the service, and its script was called once in all this time."""
        self.remains(
            lambda: all(services(node.status()) == HELD_BY_ALPHA for node in self.nodes.values()),
            "alpha keeps the service",
        )
        self.assertEqual(self.changes(), [("alpha", "start")])
        self.expect_never_two()


class VotersTests(ReloadCase):
    """Another set of voters."""

    def test_one_more_voter(self) -> None:
        """A fourth node comes to vote by a reload of each, and the service stays where it is."""
        self.start_all()
        text = CONFIGURATION.replace("[links.lan]", FOURTH)
        self.config.write_text(text)
        fourth = self.nodes["fourth"] = self.make_node("fourth")
        fourth.start()
        self.reload(text, [self.alpha])
        coming = {"voters": list(NAMES), "coming": [*NAMES, "fourth"], "between": False}
        self.wait_until(lambda: coming.items() <= self.arbiter(self.alpha).items(), "alpha waits for others")
        _, told = self.alpha.heart("status")
        self.assertIn("to vote next: alpha, beta, watcher, fourth", " ".join(told.split()))
        self.reload(text, [self.beta, self.watcher])
        self.wait_until(lambda: all(self.hears(node) == 4 for node in self.nodes.values()), "four vote")
        self.assertEqual(self.arbiter(self.beta)["needed"], 3)
        self.expect_untouched()

    def test_one_voter_fewer(self) -> None:
        """A witness that is taken out of the file votes no more, and the service stays where it is."""
        self.start_all()
        self.stop(self.watcher)
        del self.nodes["watcher"]
        text = CONFIGURATION.replace("[nodes.watcher]\nwitness = true\n", "")
        self.reload(text, self.nodes.values())
        two = {"voters": ["alpha", "beta"], "needed": 2, "heard": 2, "coming": None}
        self.wait_until(
            lambda: all(two.items() <= self.arbiter(node).items() for node in self.nodes.values()), "two vote"
        )
        self.expect_untouched()

    def test_restart_remembers_who_votes(self) -> None:
        """A node that is started with a changed file votes by the old set until others have it, too."""
        self.start_all()
        self.stop(self.watcher)
        self.config.write_text(CONFIGURATION.replace("[links.lan]", FOURTH))
        self.watcher.start()
        old = {"voters": list(NAMES), "heard": 3, "coming": [*NAMES, "fourth"]}
        self.wait_until(lambda: old.items() <= self.arbiter(self.watcher).items(), "it votes by the old set")
        self.expect_untouched()

    def test_too_many_new_voters(self) -> None:
        """A reload by which half of the voters would be new is refused, and nothing changes."""
        self.start_all()
        more = "".join(f"[nodes.new{number}]\nwitness = true\n" for number in range(3))
        self.config.write_text(CONFIGURATION.replace("[links.lan]", f"{more}[links.lan]"))
        code, text = self.alpha.heart("reload")
        self.assertEqual(code, 1)
        self.assertIn("nodes: expected that less than half of them are new, since they vote", text)
        self.assertEqual(self.hears(self.alpha), 3)


class LostTests(ReloadCase):
    """Voters that never come back."""

    def test_lost_for_good(self) -> None:
        """Two of five are left: a smaller file alone changes nothing, by way of `trust` they go on alone.

        The set of voters in force outlives a restart, and `trust` forgets it.
        """
        lost = "".join(f"[nodes.lost{number}]\n" for number in range(2))
        self.config.write_text(CONFIGURATION.replace("[links.lan]", f"{lost}[links.lan]"))
        left = (self.alpha, self.watcher)
        for node in left:
            node.start()
        self.wait_until(lambda: all(self.hears(node) == 2 for node in left), "they hear each other")
        smaller = CONFIGURATION.replace("[nodes.beta]\n", "").replace(', "beta"', "")
        self.config.write_text(smaller)
        for node in left:
            self.stop(node)
            node.start()
        self.wait_until(lambda: all(self.hears(node) == 2 for node in left), "they hear each other again")
        self.remains(lambda: services(self.alpha.status()) == HELD_BY_NOBODY, "two of five hold nothing")
        self.assertIn("hears 2 of 5 voters", self.reason(self.alpha))
        self.reload(smaller.replace('"quorum"', '"trust"'), left)
        self.holder_is(HELD_BY_ALPHA, *left)
        self.reload(smaller, left)
        self.wait_until(lambda: all(self.hears(node) == 2 for node in left), "they vote")
        self.remains(lambda: services(self.watcher.status()) == HELD_BY_ALPHA, "alpha keeps the service")
        arbiter = self.arbiter(self.alpha)
        self.assertEqual((arbiter["voters"], arbiter["needed"]), (["alpha", "watcher"], 2))
        self.assertEqual(self.changes(), [("alpha", "start")])

    def test_last_one_alone(self) -> None:
        """The last of three goes on alone once its file has neither the lost nodes nor `quorum`."""
        self.start_all()
        self.watcher.kill()
        self.beta.kill()
        self.holder_is(HELD_BY_NOBODY, self.alpha)
        alone = CONFIGURATION.replace("[nodes.beta]\n[nodes.watcher]\nwitness = true\n", "")
        self.reload(alone.replace(', "beta"', "").replace('"quorum"', '"trust"'), [self.alpha])
        self.holder_is(HELD_BY_ALPHA, self.alpha)


class ArbiterTests(ReloadCase):
    """From trust to quorum and back."""

    def test_there_and_back(self) -> None:
        """The arbiter changes once all nodes have the file, and the service stays where it is."""
        self.config.write_text(TRUST)
        self.start_all()
        self.assertEqual(self.arbiter(self.beta), {"kind": "trust"})
        for text, kind in ((CONFIGURATION, "quorum"), (TRUST, "trust")):
            self.reload(text, [self.watcher, self.beta])
            self.remains(lambda kind=kind: self.arbiter(self.beta)["kind"] != kind, "not before", 0.5)  # type: ignore[misc]
            self.reload(text, [self.alpha])
            self.wait_until(
                lambda kind=kind: all(self.arbiter(node)["kind"] == kind for node in self.nodes.values()),  # type: ignore[misc]
                f"all have {kind}",
            )
            self.expect_untouched()

    def test_death_in_between(self) -> None:
        """While not all nodes have the file the old arbiter decides: a death is followed by a takeover."""
        self.config.write_text(TRUST)
        self.start_all()
        self.reload(CONFIGURATION, [self.beta])
        self.alpha.kill()
        self.holder_is(HELD_BY_BETA, self.beta, self.watcher)
        (told,) = [event for event in self.beta.events() if event["kind"] == "arbiter"]
        self.assertEqual((told["reason"], told["granted"]), ("trust agrees", True))

"""What the act expects: each expectation holds of what is right, and fails for what is wrong."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

from heart.demo import expectations as expect
from heart.demo.expectations import Check, Scene
from tests.demo.support import event, status
from tests.demo.test_journal import journal

ON_BETA = journal("alpha start 1", "demo kill alpha", "beta start 2")
TAKEN = (
    event("beta", "node-late", 1, peer="alpha"),
    event("beta", "node-dead", 2, peer="alpha"),
    event("beta", "arbiter", 3, service="web", term=7, granted=True),
    event("beta", "takeover", 4, service="web", term=7, cause="dead", previous="alpha"),
    event("beta", "held", 5, service="web", term=7),
)
MET = (
    event("beta", "conflict", 1, service="web", peer="alpha"),
    event("beta", "release", 2, service="web", cause="conflict"),
    event("beta", "released", 3, service="web"),
)


class ExpectationCase(SynchronousTestCase):
    """Checks on scenes made by hand."""

    def holds(self, check: Check, **seen: Any) -> None:
        """The check finds nothing wrong."""
        self.assertIsNone(check(Scene(**{"statuses": {}, **seen})))

    def fails(self, check: Check, saying: str, **seen: Any) -> None:
        """The check says what is wrong."""
        self.assertIn(saying, check(Scene(**{"statuses": {}, **seen})) or "nothing")


class AgreementTests(ExpectationCase):
    """Both nodes hear each other, and one holds the service."""

    check = staticmethod(expect.all_agree("alpha", "beta"))
    good: ClassVar = {"alpha": status("alpha", "beta"), "beta": status("beta", "beta")}

    def test_good(self) -> None:
        """All agree, and the journal too."""
        self.holds(self.check, statuses=self.good, journal=ON_BETA)

    def test_silent(self) -> None:
        """A node that does not answer agrees to nothing."""
        self.fails(
            self.check, "alpha does not answer", statuses={**self.good, "alpha": None}, journal=ON_BETA
        )

    def test_unheard(self) -> None:
        """Nodes that do not hear each other do not agree, whatever they say of the service."""
        deaf = {**self.good, "beta": status("beta", "beta", peer="late")}
        self.fails(self.check, "beta does not hear alpha", statuses=deaf, journal=ON_BETA)

    def test_not_held_yet(self) -> None:
        """Starting is not held."""
        starting = {**self.good, "alpha": status("alpha", "beta", "starting")}
        self.fails(self.check, "alpha says that web is starting", statuses=starting, journal=ON_BETA)

    def test_two_opinions(self) -> None:
        """Two nodes that each name another holder do not agree."""
        torn = {**self.good, "alpha": status("alpha", "alpha")}
        self.fails(
            self.check, "do not agree on who holds web: alpha and beta", statuses=torn, journal=ON_BETA
        )

    def test_against_the_journal(self) -> None:
        """What the nodes say is not believed where the service itself says otherwise."""
        for wrong in (journal("alpha start 1"), journal("alpha start 1", "beta start 2"), ()):
            self.fails(self.check, "by its journal", statuses=self.good, journal=wrong)


class TakeoverTests(ExpectationCase):
    """A takeover after a death."""

    check = staticmethod(expect.took_over("beta", "alpha"))

    def test_good(self) -> None:
        """Death, takeover and tenure, in this order."""
        self.holds(self.check, events=TAKEN)

    def test_each_is_needed(self) -> None:
        """Without any one of them it is none."""
        for kind in ("node-dead", "takeover", "held"):
            rest = tuple(each for each in TAKEN if each["kind"] != kind)
            self.fails(self.check, f"beta did not report {kind}", events=rest)

    def test_before_the_death(self) -> None:
        """A takeover before the other was dead is none, however it went on."""
        self.fails(self.check, "beta did not report takeover", events=(TAKEN[3], TAKEN[1], TAKEN[4]))

    def test_of_another(self) -> None:
        """What the other node reports is not this one's doing."""
        self.fails(self.check, "beta did not report", events=tuple({**e, "node": "alpha"} for e in TAKEN))

    def test_for_another_reason(self) -> None:
        """A move is not what a death leads to."""
        moved = tuple({**e, "cause": "move"} if e["kind"] == "takeover" else e for e in TAKEN)
        self.fails(self.check, "beta did not report takeover", events=moved)

    def test_twice(self) -> None:
        """One takeover has one term."""
        self.fails(
            self.check, "more than one term: 7 and 8", events=(*TAKEN, event("beta", "held", 6, term=8))
        )


class CalmTests(ExpectationCase):
    """Nothing happens."""

    def test_good(self) -> None:
        """Links that go and nodes that come are not what must not happen."""
        seen = (event("beta", "link-down", link="lan", peer="alpha"), event("beta", "node-up", peer="alpha"))
        self.holds(expect.nothing_happened, events=seen)

    def test_changes(self) -> None:
        """Every change of a service or death of a node is told."""
        for kind in (
            "takeover",
            "held",
            "release",
            "released",
            "failed",
            "conflict",
            "node-dead",
            "node-left",
        ):
            self.fails(expect.nothing_happened, f"beta reported {kind}", events=(event("beta", kind),))


class ConflictTests(ExpectationCase):
    """One of two holders gives way."""

    check = staticmethod(expect.gave_way("beta", "alpha"))

    def test_good(self) -> None:
        """The loser met the winner and let go, for that reason."""
        self.holds(self.check, events=(event("alpha", "conflict", peer="beta"), *MET))

    def test_each_is_needed(self) -> None:
        """Without any one of the three it did not give way."""
        for missing in MET:
            rest = tuple(each for each in MET if each is not missing)
            self.fails(self.check, f"beta did not report {missing['kind']}", events=rest)

    def test_both_let_go(self) -> None:
        """It is wrong that the winner lets go too."""
        self.fails(self.check, "alpha let go of web", events=(*MET, event("alpha", "release")))


class LinkTests(ExpectationCase):
    """What the nodes notice of their links."""

    def test_unheard(self) -> None:
        """Both nodes must notice, on that link, and of a peer."""
        check = expect.unheard_on("lan")
        nodes: dict[str, Any] = {"statuses": {"alpha": None, "beta": None}}
        of_alpha = event("alpha", "link-down", link="lan", peer="beta")
        of_beta = event("beta", "link-down", link="lan", peer="alpha")
        self.holds(check, events=(of_alpha, of_beta), **nodes)
        self.fails(check, "beta did not notice", events=(of_alpha,), **nodes)
        self.fails(check, "beta did not notice", events=(of_alpha, {**of_beta, "link": "cable"}), **nodes)
        self.fails(check, "beta did not notice", events=(of_alpha, {**of_beta, "peer": None}), **nodes)

    def test_beating(self) -> None:
        """Each node must have taken in beats since the step began."""
        check = expect.beats_pass("cable")
        before = {node: status(node, received=100) for node in ("alpha", "beta")}
        after = {node: status(node, received=110) for node in ("alpha", "beta")}
        self.holds(check, before=before, statuses=after)
        stuck = {**after, "beta": status("beta", received=109)}
        self.fails(check, "beta took in fewer than 10", before=before, statuses=stuck)
        self.fails(check, "alpha took in fewer", before=before, statuses={**after, "alpha": None})


class ServiceTests(ExpectationCase):
    """What is held against the service at every look, and who says that it holds it."""

    def test_safe(self) -> None:
        """Two holders with a cable whole are wrong, and so is a term that is used twice."""
        self.holds(expect.safe, journal=ON_BETA)
        self.fails(
            expect.safe,
            "beta started it while it ran on alpha",
            journal=journal("alpha start 1", "beta start 2"),
        )
        self.fails(expect.safe, "in term 1", journal=journal("alpha start 1", "alpha stop 1", "beta start 1"))

    def test_holds(self) -> None:
        """A node holds the service where it says so itself."""
        check = expect.holds("alpha")
        self.holds(check, statuses={"alpha": status("alpha", "alpha")})
        for wrong in (None, status("alpha", "beta"), status("alpha", "alpha", "stopping"), status("alpha")):
            self.fails(check, "alpha does not say", statuses={"alpha": wrong})

"""Three real daemons of which a majority decides: two that may hold the service, and a witness."""

from __future__ import annotations

from tests.whole.majority import HELD_BY_ALPHA, HELD_BY_BETA, HELD_BY_NOBODY, NAMES, QuorumCase
from tests.whole.nodes import services, states


class QuorumTests(QuorumCase):
    """Deaths, cuts and orders."""

    def test_death_of_the_holder(self) -> None:
        """When the holder's machine dies the other takes over, with the witness's vote."""
        self.start_all()
        arbiter = {
            "kind": "quorum",
            "voters": list(NAMES),
            "needed": 2,
            "heard": 3,
            "coming": None,
            "between": False,
        }
        self.assertEqual(self.arbiter(self.watcher), arbiter)
        self.alpha.kill()
        self.holder_is(HELD_BY_BETA, self.beta, self.watcher)
        (told,) = [event for event in self.beta.events() if event["kind"] == "arbiter"]
        self.assertEqual((told["granted"], told["voters"]), (True, ["beta", "watcher"]))

    def test_holder_that_is_cut_off(self) -> None:
        """A holder that is cut off lets go before the other takes over; healed, it stays there."""
        self.start_all()
        self.network.cut("alpha")
        self.holder_is(HELD_BY_BETA, self.beta, self.watcher)
        self.holder_is(HELD_BY_NOBODY, self.alpha)
        self.assertEqual(self.changes(), [("alpha", "start"), ("alpha", "stop"), ("beta", "start")])
        self.network.heal("alpha")
        self.wait_until(lambda: states(self.alpha.status()) == dict.fromkeys(NAMES, "up"), "all are up")
        self.remains(lambda: services(self.alpha.status()) == HELD_BY_BETA, "beta keeps the service")
        self.expect_never_two()

    def test_holder_and_standby_lose_each_other(self) -> None:
        """A standby that is cut off takes nothing, and the holder, which the witness hears, goes on."""
        self.start_all()
        self.network.cut("beta")
        self.wait_until(lambda: self.hears(self.beta) == 1, "beta hears nobody")
        self.remains(lambda: services(self.alpha.status()) == HELD_BY_ALPHA, "alpha keeps the service")
        self.assertEqual(self.changes(), [("alpha", "start")])
        _, text = self.beta.heart("status")
        self.assertIn("quorum (hears 1 of 3 voters, needs 2)", text)

    def test_no_majority(self) -> None:
        """A holder that is left alone lets go, takes nothing again, and says why; one more node is enough."""
        self.start_all()
        self.watcher.kill()
        self.wait_until(lambda: self.hears(self.alpha) == 2, "the witness is missed")
        self.assertEqual(self.changes(), [("alpha", "start")])
        self.beta.kill()
        self.holder_is(HELD_BY_NOBODY, self.alpha)
        self.remains(lambda: services(self.alpha.status()) == HELD_BY_NOBODY, "nobody holds it")
        self.assertIn("hears 1 of 3 voters, itself included, and needs 2", self.reason(self.alpha))
        self.watcher.start()
        self.holder_is(HELD_BY_ALPHA, self.alpha, self.watcher)
        self.expect_never_two()

    def test_restart_of_a_voter(self) -> None:
        """A witness that is started anew costs the service nothing."""
        self.start_all()
        self.stop(self.watcher)
        self.watcher.start()
        self.wait_until(lambda: self.hears(self.alpha) == 3, "the witness votes again")
        self.remains(lambda: services(self.alpha.status()) == HELD_BY_ALPHA, "alpha keeps the service")
        self.assertEqual(self.changes(), [("alpha", "start")])

    def test_move(self) -> None:
        """An order moves the service, and the witness lets it."""
        self.start_all()
        code, text = self.watcher.heart("move", "web", "beta")
        self.assertEqual(code, 0, text)
        self.holder_is(HELD_BY_BETA, self.alpha, self.beta, self.watcher)
        self.assertEqual(self.changes(), [("alpha", "start"), ("alpha", "stop"), ("beta", "start")])

"""Who takes a service over and who lets go: rules 4, 6, 7 and 10 with the arbiter trust."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from heart.beat import ABLE, ASKS, CLAIMS, CLEAN, GOODBYE, LEAVING
from heart.core import decisions as d
from heart.core import inputs
from heart.core.services.tenure import TRANSITIONS, Holding, Step
from tests.core.support import DAY, Bench, FakePeer, make_settings


def holder(bench: Bench, beta: FakePeer, until: float = 1.5) -> None:
    """Bring the bench's node to hold the service beside a peer that hears it."""
    bench.run_to(1.15, [beta])
    bench.give(inputs.Started("web", bench.of(d.TakeOver)[-1].term))
    bench.run_to(until, [beta])
    assert bench.holding() == "held"


class StartTests(SynchronousTestCase):
    """Rule 10: start and return."""

    def test_preferred_node_begins(self) -> None:
        """With every peer heard, the preferred node says that it may, waits, and takes the service."""
        bench, beta = Bench(), FakePeer()
        bench.run_to(0.95, [beta])
        self.assertEqual(bench.of(d.TakeOver), [])
        bench.run_to(1.15, [beta])
        self.assertEqual(bench.of(d.TakeOver), [d.TakeOver("web", DAY + 1, "start", None)])

    def test_alone(self) -> None:
        """A node that hears nobody takes the service when `start` has passed, not before."""
        bench = Bench()
        bench.run_to(4.95)
        self.assertEqual(bench.of(d.TakeOver), [])
        bench.run_to(5.05)
        self.assertEqual(len(bench.of(d.TakeOver)), 1)

    def test_returned_node_takes_nothing_back(self) -> None:
        """A preferred node that finds another holding the service leaves it there."""
        bench, beta = Bench(), FakePeer()
        beta.service_flags, beta.term = ABLE | CLAIMS, DAY
        bench.run_to(20, [beta])
        self.assertEqual(bench.holding(), "stopped")

    def test_second_in_line_leaves_the_first_its_chance(self) -> None:
        """The other node takes it only where the preferred one has not in one more `wait`."""
        bench, alpha = Bench(make_settings("beta")), FakePeer("alpha")
        bench.run_to(1.95, [alpha])
        self.assertEqual(bench.of(d.TakeOver), [])
        bench.run_to(2.3, [alpha])
        self.assertEqual(len(bench.of(d.TakeOver)), 1)

    def test_unproven_beats_forbid_a_takeover(self) -> None:
        """Somebody who speaks but has not heard us may be the holder: nothing is taken while it speaks."""
        bench, beta = Bench(), FakePeer()
        beta.hears = False
        bench.run_to(12, [beta])
        self.assertEqual(bench.of(d.TakeOver), [])
        bench.run_to(13.1)
        self.assertEqual(len(bench.of(d.TakeOver)), 1)


class SuccessionTests(SynchronousTestCase):
    """Rule 4: release before takeover."""

    def setUp(self) -> None:
        self.bench, self.beta = Bench(), FakePeer()
        self.beta.service_flags, self.beta.term = ABLE | CLAIMS, DAY
        self.bench.run_to(3, [self.beta])
        self.bench.decided.clear()

    def test_after_a_death(self) -> None:
        """The survivor takes over when the holder is dead, with a greater term, and says whom it succeeds."""
        self.bench.run_to(3.95)
        self.assertEqual(self.bench.of(d.TakeOver), [])
        self.bench.run_to(4.05)
        (taken,) = self.bench.of(d.TakeOver)
        self.assertEqual((taken.reason, taken.previous), ("dead", "beta"))
        self.assertGreater(taken.term, DAY)
        self.assertIn(d.StoreTerm("web", taken.term), self.bench.decided)
        self.assertEqual(self.bench.last_beat().word.services[0].flags & CLAIMS, CLAIMS)

    def test_after_a_clean_release(self) -> None:
        """Where the holder says that it has let go cleanly and may not hold it, nobody waits."""
        self.beta.service_flags, self.beta.flags = CLEAN, LEAVING
        self.bench.run_to(3.15, [self.beta])
        self.assertEqual([one.reason for one in self.bench.of(d.TakeOver)], ["left"])

    def test_after_a_release_that_was_not_clean(self) -> None:
        """Where something may still run there, the successor waits for as long as `wait`."""
        self.beta.service_flags = 0
        self.bench.run_to(3.9, [self.beta])
        self.assertEqual(self.bench.of(d.TakeOver), [])
        self.bench.run_to(4.2, [self.beta])
        self.assertEqual([one.reason for one in self.bench.of(d.TakeOver)], ["fault"])

    def test_after_a_restart_of_the_holder(self) -> None:
        """A new life of the holder is believed that it holds nothing once it is proven, not before."""
        reborn = FakePeer(incarnation=DAY + 9)
        reborn.hears, reborn.service_flags = False, CLEAN
        self.bench.run_to(3.35, [reborn])
        peer = self.bench.core.state.peers["beta"]
        web = self.bench.core.tenures.all[0].name_hash
        self.assertGreater(peer.last_claim(web), 2.9)
        reborn.hears = True
        self.bench.run_to(3.45, [reborn])
        self.assertEqual(peer.last_claim(web), float("-inf"))

    def test_after_a_goodbye(self) -> None:
        """A goodbye ends the wait at once."""
        self.bench.give(inputs.Heard("lan", self.beta.goodbye(self.bench)))
        self.assertEqual([one.reason for one in self.bench.of(d.TakeOver)], ["left"])

    def test_claims_are_waited_for_anew_after_a_sleep(self) -> None:
        """A claim that was heard before this node slept is given a whole `wait` from waking."""
        settings = make_settings()
        bench = Bench(replace(settings, services=(replace(settings.services[0], stop=2.0),)))
        bench.run_to(3, [self.beta_holding()])
        bench.now = 8.0
        bench.give(inputs.Tick())
        bench.run_to(10.6)
        self.assertEqual((bench.life(), bench.of(d.TakeOver)), ("dead", []))
        bench.run_to(10.75)
        self.assertEqual(len(bench.of(d.TakeOver)), 1)

    def test_listens_before_it_takes_anything_after_a_sleep(self) -> None:
        """On waking there may be word in the sockets of who came meanwhile: it is heard first."""
        bench, beta = Bench(), FakePeer()
        bench.run_to(0.5, [beta])
        bench.give(inputs.Heard("lan", beta.goodbye(bench)))
        bench.run_to(0.95)
        bench.now = 5.0
        bench.give(inputs.Tick())
        bench.run_to(5.2)
        self.assertEqual(bench.of(d.TakeOver), [])
        bench.run_to(5.3)
        self.assertEqual(len(bench.of(d.TakeOver)), 1)

    def test_sleep_is_no_waiting(self) -> None:
        """The time for which a node has been able to hold a service does not grow while it sleeps."""
        bench, beta = Bench(), FakePeer()
        bench.run_to(0.5, [beta])
        bench.now = 1.2
        bench.give(inputs.Tick())
        bench.run_to(1.55, [beta])
        self.assertEqual(bench.of(d.TakeOver), [])
        bench.run_to(1.9, [beta])
        self.assertEqual(len(bench.of(d.TakeOver)), 1)

    def beta_holding(self) -> FakePeer:
        """Another beta that holds the service."""
        beta = FakePeer()
        beta.service_flags, beta.term = ABLE | CLAIMS, DAY
        return beta

    def test_after_a_sleep(self) -> None:
        """A node that slept through the death takes nothing before it was awake for a whole `wait`."""
        self.bench.now = 8.0
        self.bench.give(inputs.Tick())
        self.bench.run_to(8.95)
        self.assertEqual(self.bench.of(d.TakeOver), [])
        self.bench.run_to(9.05)
        self.assertEqual(len(self.bench.of(d.TakeOver)), 1)


class AgreementTests(SynchronousTestCase):
    """One right at a time, among nodes that hear each other."""

    def setUp(self) -> None:
        self.bench, self.beta = Bench(), FakePeer()
        self.bench.run_to(0.95, [self.beta])

    def test_waits_until_the_rival_has_heard_the_question(self) -> None:
        """Beside a rival that speaks, the service is taken when that rival has acknowledged the question."""
        self.beta.hears = False
        self.bench.run_to(1.25, [self.beta])
        self.assertEqual(self.bench.holding(), "asking")
        self.assertEqual(self.bench.last_beat().word.services[0].flags & ASKS, ASKS)
        self.beta.hears = True
        self.bench.run_to(1.35, [self.beta])
        self.assertEqual(self.bench.holding(), "starting")

    def test_withdraws_before_a_greater_question(self) -> None:
        """Of two that ask, the greater term goes first."""
        self.beta.hears = False
        self.bench.run_to(1.05, [self.beta])
        self.beta.service_flags, self.beta.term = ABLE | CLEAN | ASKS, DAY + 50
        self.bench.run_to(1.15, [self.beta])
        self.assertEqual(self.bench.holding(), "stopped")

    def test_insists_against_a_lesser_question(self) -> None:
        """At equal terms the one who is earlier in the service's nodes goes first."""
        self.beta.hears = False
        self.bench.run_to(1.05, [self.beta])
        self.beta.service_flags, self.beta.term = ABLE | CLEAN | ASKS, DAY + 1
        self.beta.hears = True
        self.bench.run_to(1.15, [self.beta])
        self.assertEqual(self.bench.holding(), "starting")

    def test_does_not_ask_beside_a_rival_that_does_not_hear(self) -> None:
        """Beside a rival whose acks are older than `lease` nothing is even asked for."""
        bench, beta = Bench(), FakePeer()
        bench.run_to(0.25, [beta])
        beta.hears = False
        bench.run_to(1.5, [beta])
        self.assertEqual(bench.holding(), "stopped")
        self.assertIn("has not heard this node", bench.core.tenures.all[0].reason)

    def test_gives_up_without_agreement(self) -> None:
        """A question that a rival who speaks never acknowledges is withdrawn, and asked again later."""
        self.beta.hears = False
        self.bench.run_to(3.2, [self.beta])
        self.assertEqual(self.bench.holding(), "stopped")


class LettingGoTests(SynchronousTestCase):
    """Rules 6 and 7: two holders met, and a deaf peer."""

    def setUp(self) -> None:
        self.bench, self.beta = Bench(), FakePeer()
        holder(self.bench, self.beta)
        self.bench.decided.clear()

    def test_greater_term_stays(self) -> None:
        """The holder with the lesser term begins to release at once, by force within `stop`."""
        self.beta.service_flags, self.beta.term = ABLE | CLAIMS, DAY + 100
        self.bench.run_to(1.65, [self.beta])
        self.assertEqual(self.bench.of(d.Release), [d.Release("web", DAY + 1, "conflict", 0.3)])
        self.assertEqual(self.bench.reported("conflict")[0].fields["peer"], "beta")

    def test_lesser_term_goes(self) -> None:
        """The holder with the greater term stays and announces itself, once more when the other is gone."""
        self.beta.service_flags, self.beta.term = ABLE | CLAIMS, DAY
        self.bench.run_to(1.85, [self.beta])
        self.assertEqual(self.bench.of(d.Announce), [d.Announce("web")])
        self.beta.service_flags = ABLE | CLEAN
        self.bench.run_to(2.05, [self.beta])
        self.assertEqual(self.bench.of(d.Announce), [d.Announce("web")] * 2)
        self.assertEqual(self.bench.of(d.Release), [])

    def test_equal_terms(self) -> None:
        """At equal terms the earlier in the service's nodes stays."""
        self.beta.service_flags, self.beta.term = ABLE | CLAIMS, DAY + 1
        self.bench.run_to(1.85, [self.beta])
        self.assertEqual(self.bench.of(d.Release), [])

    def test_deaf_peer(self) -> None:
        """A holder lets go where a peer's beats arrive but its acks are older than `lease`."""
        self.beta.hears = False
        self.bench.run_to(1.95, [self.beta])
        self.assertEqual(self.bench.of(d.Release), [])
        self.bench.run_to(2.15, [self.beta])
        self.assertEqual(self.bench.of(d.Release), [d.Release("web", DAY + 1, "lease", 0.3)])

    def test_deaf_peer_that_may_not_hold_it(self) -> None:
        """A deaf peer that cannot take the service over is no reason to let go."""
        self.beta.hears, self.beta.service_flags = False, CLEAN
        self.bench.run_to(5, [self.beta])
        self.assertEqual(self.bench.of(d.Release), [])

    def test_silent_peer(self) -> None:
        """A holder needs nothing of a peer that is silent: it keeps the service when the other node dies."""
        self.bench.run_to(8)
        self.assertEqual(self.bench.life(), "dead")
        self.assertEqual(self.bench.of(d.Release), [])

    def test_peer_that_returns_is_given_time_to_hear(self) -> None:
        """A peer that comes back after its death is given `lease` from its first beat."""
        self.bench.run_to(8)
        self.beta.hears = False
        self.bench.run_to(8.55, [self.beta])
        self.assertEqual(self.bench.of(d.Release), [])
        self.bench.run_to(8.85, [self.beta])
        self.assertEqual(len(self.bench.of(d.Release)), 1)

    def test_waits_after_letting_go(self) -> None:
        """A node that has let go and may hold again says so, and waits before it claims."""
        self.beta.service_flags, self.beta.term = ABLE | CLAIMS, DAY + 100
        self.bench.run_to(1.65, [self.beta])
        self.beta.service_flags = ABLE | CLEAN
        self.bench.give(inputs.Released("web", DAY + 1, "", True))
        self.bench.run_to(2.55, [self.beta])
        self.assertEqual(self.bench.holding(), "stopped")
        self.bench.run_to(2.85, [self.beta])
        self.assertEqual(self.bench.holding(), "starting")


class FailureTests(SynchronousTestCase):
    """Services that do not start or stop, with no second try and forgotten after 10 s."""

    def setUp(self) -> None:
        self.bench, self.beta = Bench(make_settings(restarts=0, forget=10.0)), FakePeer()
        self.bench.run_to(1.15, [self.beta])

    def test_failed_start_lets_the_next_node_try(self) -> None:
        """A node on which a service failed says that it may not hold it, and that nothing is left of it."""
        self.bench.give(inputs.StartFailed("web", DAY + 1, "script: exit 1", True))
        self.assertEqual(self.bench.holding(), "failed")
        self.assertEqual(self.bench.last_beat().word.services[0].flags, CLEAN)
        self.assertEqual(self.bench.core.state.table["alpha"].notes, (("web", "failed", "script: exit 1"),))

    def test_growing_delay(self) -> None:
        """After each failure in a row the node is barred for twice as long as before."""
        delays = []
        for _ in range(3):
            term = self.bench.of(d.TakeOver)[-1].term
            self.bench.give(inputs.StartFailed("web", term, "exit 1", True))
            failed_at, count = self.bench.now, len(self.bench.of(d.TakeOver))
            while len(self.bench.of(d.TakeOver)) == count:
                self.bench.run_to(self.bench.now + 0.5, [self.beta])
            delays.append(self.bench.now - failed_at)
        for delay, barred in zip(delays, (10, 20, 40), strict=True):
            self.assertTrue(barred + 1 <= delay <= barred + 2, f"{delay} after a delay of {barred}")

    def test_release_that_fails_is_not_clean(self) -> None:
        """Where something may still run here, beats say that it was not let go of cleanly."""
        self.bench.give(inputs.Started("web", DAY + 1))
        self.bench.give(inputs.Shutdown("stop"))
        self.bench.give(inputs.Released("web", DAY + 1, "script: killed", False))
        self.assertEqual(self.bench.last_beat().word.services[0].flags, 0)
        self.assertEqual(self.bench.reported("failed")[0].reason, "script: killed")

    def test_results_of_another_term_change_nothing(self) -> None:
        """A result that belongs to an earlier tenure is not taken for one of this."""
        self.bench.give(inputs.Started("web", DAY))
        self.assertEqual(self.bench.holding(), "starting")
        self.bench.give(inputs.StartFailed("web", DAY, "late", True))
        self.assertEqual(self.bench.holding(), "starting")

    def test_every_step_leads_on(self) -> None:
        """No transition leads from a state to itself, and every state can be reached and left."""
        for (holding, step), following in TRANSITIONS.items():
            self.assertIsNot(holding, following, step)
        self.assertEqual({holding for holding, _ in TRANSITIONS}, set(Holding))
        self.assertEqual({*TRANSITIONS.values()}, set(Holding))
        self.assertEqual({step for _, step in TRANSITIONS}, set(Step))


class ShutdownTests(SynchronousTestCase):
    """The operator ends the daemon."""

    def test_releases_then_says_goodbye_then_finishes(self) -> None:
        """A planned release has its scripts' own time; then comes goodbye, several times, and the end."""
        bench, beta = Bench(), FakePeer()
        holder(bench, beta)
        bench.decided.clear()
        bench.give(inputs.Shutdown("asked to"))
        self.assertEqual(bench.of(d.Release), [d.Release("web", DAY + 1, "shutdown", None)])
        bench.run_to(3, [beta])
        self.assertEqual([send for send in bench.of(d.Send) if send.beat.flags & GOODBYE], [])
        bench.give(inputs.Released("web", DAY + 1, "", True))
        bench.run_to(3.1)
        goodbyes = [send for send in bench.of(d.Send) if send.beat.flags & GOODBYE]
        self.assertGreaterEqual(len(goodbyes), 3)
        self.assertEqual({send.beat.sequence for send in goodbyes}, {2**63 - 1})
        self.assertIsInstance(bench.decided[-1], d.Finished)

    def test_no_goodbye_after_a_release_that_failed(self) -> None:
        """Where something may still run here no goodbye is said: the successor must wait."""
        bench, beta = Bench(), FakePeer()
        holder(bench, beta)
        bench.give(inputs.Shutdown("asked to"))
        bench.give(inputs.Released("web", DAY + 1, "script: killed", False))
        bench.run_to(3, [beta])
        self.assertIsInstance(bench.decided[-1], d.Finished)
        self.assertEqual([send for send in bench.of(d.Send) if send.beat.flags & GOODBYE], [])

    def test_goodbye_that_is_acknowledged(self) -> None:
        """An ack of our goodbye, while we still repeat it, is no news of another life of ours."""
        bench, beta = Bench(), FakePeer()
        bench.run_to(0.5, [beta])
        bench.give(inputs.Shutdown("asked to"))
        beta.hears, beta.acked = False, (DAY, 2**63 - 1)
        bench.give(inputs.Heard("lan", beta.beat(bench)))
        bench.run_to(0.6)
        self.assertEqual(bench.core.incarnation, DAY)
        self.assertEqual(bench.of(d.StoreIncarnation), [])

    def test_conflict_during_a_planned_release(self) -> None:
        """A release that takes its time has none where another one holds the service with more right."""
        bench, beta = Bench(), FakePeer()
        holder(bench, beta)
        bench.give(inputs.Shutdown("asked to"))
        beta.service_flags, beta.term = ABLE | CLAIMS, DAY + 100
        bench.run_to(1.7, [beta])
        self.assertEqual(bench.of(d.Release)[-1], d.Release("web", DAY + 1, "conflict", 0.3))

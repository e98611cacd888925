"""Promises, votes and leases where the nodes vote: rules 3 and 5 with the arbiter quorum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from heart.beat import ABLE, ASKS, CLAIMS, CLEAN, name_hash
from heart.config.model import Timing
from heart.core import decisions as d
from heart.core import inputs
from heart.core.settings import Settings
from tests.core.support import DAY, TIMING, Bench, FakePeer, make_settings

NAMES = ("alpha", "beta", "watcher")
IDLE = ABLE | CLEAN
ASKING = IDLE | ASKS
HOLDING = ABLE | CLAIMS
TERM = DAY + 100


def quorum(node: str, names: tuple[str, ...] = NAMES, timing: Timing = TIMING) -> Settings:
    """A cluster of these nodes that vote; `watcher` holds nothing."""
    return make_settings(node, names, timing, arbiter="quorum", witnesses=("watcher",))


def promised(bench: Bench) -> tuple[int, str] | None:
    """The term and the node to which the newest beat promises the service."""
    (said,) = bench.last_beat().word.services
    if said.promised_term is None:
        return None
    return said.promised_term, {name_hash(name): name for name in NAMES}[said.promised_to or 0]


def says(peer: FakePeer, flags: int, term: int = 0) -> None:
    """From now on the peer says this of the service."""
    peer.service_flags, peer.term = flags, term


class VoterCase(SynchronousTestCase):
    """The core under test is the witness's; the two others are beats."""

    def setUp(self) -> None:
        self.alpha, self.beta = FakePeer("alpha"), FakePeer("beta")
        self.both = (self.alpha, self.beta)
        self.bench = Bench(quorum("watcher"))
        self.bench.run_to(1.05, self.both)

    def run_to(self, time: float, peers: Iterable[FakePeer] | None = None) -> None:
        """Let time pass while these beat; both unless said."""
        self.bench.run_to(time, self.both if peers is None else peers)

    def expect(self, promise: tuple[int, str] | None, until: float) -> None:
        """Every beat up to this one promises this."""
        self.assertEqual(promised(self.bench), promise, f"at {self.bench.now:.3f} s, until {until}")

    def promise_to_alpha(self) -> None:
        """Alpha asks, is promised the service, and holds it."""
        says(self.alpha, ASKING, TERM)
        self.run_to(1.15)
        self.expect((TERM, "alpha"), 1.15)
        says(self.alpha, HOLDING, TERM)


class PromiseTests(VoterCase):
    """To whom a service is promised, and when to somebody else."""

    def test_in_every_beat(self) -> None:
        """Who asks is promised the service at once, and every beat from then on says so."""
        says(self.alpha, ASKING, TERM)
        self.run_to(1.105)
        self.expect((TERM, "alpha"), 1.105)
        sent = len(self.bench.of(d.Send))
        self.run_to(2)
        own = [send for send in self.bench.of(d.Send)[sent:] if not send.beat.through]
        for send in own:
            (said,) = send.beat.word.services
            self.assertEqual((said.promised_term, said.promised_to), (TERM, name_hash("alpha")))

    def test_to_another_after_wait(self) -> None:
        """It is promised to another node `wait` after the promised one was last heard, no sooner."""
        self.promise_to_alpha()
        self.run_to(2.05)
        says(self.beta, ASKING, TERM + 1)
        self.run_to(2.98, [self.beta])
        self.expect((TERM, "alpha"), 2.98)
        self.run_to(3.01, [self.beta])
        self.expect((TERM + 1, "beta"), 3.01)

    def test_question_counts_like_a_claim(self) -> None:
        """A promised node that only asks keeps the others waiting as one that holds it does."""
        says(self.alpha, ASKING, TERM)
        self.run_to(2.05)
        says(self.beta, ASKING, TERM + 1)
        self.run_to(2.98, [self.beta])
        self.expect((TERM, "alpha"), 2.98)

    def test_at_once_after_letting_go(self) -> None:
        """It is promised to another at once where the promised one says that nothing of it is left there."""
        self.promise_to_alpha()
        self.run_to(2.05)
        says(self.alpha, IDLE, TERM)
        says(self.beta, ASKING, TERM + 1)
        self.run_to(2.15)
        self.expect((TERM + 1, "beta"), 2.15)

    def test_not_clean(self) -> None:
        """Where something may be left there it is promised to another after `wait`."""
        self.promise_to_alpha()
        self.run_to(2.05)
        says(self.alpha, ABLE, TERM)
        says(self.beta, ASKING, TERM + 1)
        self.run_to(3.05)
        self.expect((TERM, "alpha"), 3.05)
        self.run_to(3.15)
        self.expect((TERM + 1, "beta"), 3.15)

    def test_goodbye(self) -> None:
        """Who has said goodbye holds nothing."""
        self.promise_to_alpha()
        self.run_to(2.05)
        says(self.beta, ASKING, TERM + 1)
        self.bench.give(inputs.Heard("lan", self.alpha.goodbye(self.bench)))
        self.run_to(2.15, [self.beta])
        self.expect((TERM + 1, "beta"), 2.15)

    def test_restart_of_the_holder(self) -> None:
        """A new life of the promised node, once proven, says whether anything is left."""
        self.promise_to_alpha()
        self.run_to(2.05)
        reborn = FakePeer("alpha", DAY + 5)
        says(self.beta, ASKING, TERM + 1)
        reborn.hears = False
        self.run_to(2.25, [reborn, self.beta])
        self.expect((TERM, "alpha"), 2.25)
        reborn.hears = True
        self.run_to(2.35, [reborn, self.beta])
        self.expect((TERM + 1, "beta"), 2.35)

    def test_lesser_and_equal_terms(self) -> None:
        """Who asks with no greater term is refused, though nobody else wants it any more."""
        says(self.alpha, ASKING, TERM)
        self.run_to(1.15)
        says(self.alpha, IDLE, TERM)
        for term in (TERM - 1, TERM):
            says(self.beta, ASKING, term)
            self.run_to(self.bench.now + 2)
            self.expect((TERM, "alpha"), self.bench.now)

    def test_greater_term_of_the_same_node(self) -> None:
        """Who is promised it may ask again with a greater term, and is answered at once."""
        says(self.alpha, ASKING, TERM)
        self.run_to(1.15)
        says(self.alpha, ASKING, TERM + 1)
        self.run_to(1.25)
        self.expect((TERM + 1, "alpha"), 1.25)

    def test_greater_claim(self) -> None:
        """A claim with a greater term was agreed to by a majority: it is adopted at once."""
        self.promise_to_alpha()
        self.run_to(2.05)
        says(self.beta, HOLDING, TERM + 3)
        self.run_to(2.15)
        self.expect((TERM + 3, "beta"), 2.15)

    def test_lesser_claim(self) -> None:
        """A claim with a lesser term is not."""
        self.promise_to_alpha()
        says(self.beta, HOLDING, TERM - 1)
        self.run_to(2.05)
        self.expect((TERM, "alpha"), 2.05)

    def test_lesser_claim_after_a_question_in_vain(self) -> None:
        """A holder that was not heard by who asked in vain is supported again, though its term is less."""
        self.promise_to_alpha()
        says(self.alpha, IDLE)
        says(self.beta, HOLDING, TERM - 1)
        self.run_to(2.05)
        self.expect((TERM - 1, "beta"), 2.05)

    def test_greatest_term_first(self) -> None:
        """Of two that ask at once the greater term goes first, whoever is preferred."""
        says(self.alpha, ASKING, TERM)
        says(self.beta, ASKING, TERM + 1)
        for peer in (self.alpha, self.beta):
            self.bench.core.ear.hear(1.06, "lan", peer.beat(self.bench))  # both are news in the same step
        self.bench.now = 1.06
        self.bench.give(inputs.Looked())
        self.expect((TERM + 1, "beta"), 1.06)

    def test_who_is_not_heeded(self) -> None:
        """Nothing is promised to who is not proven, has another set of voters, or may not hold it."""
        unproven, elsewhere, stranger = FakePeer("beta", DAY + 5), FakePeer("alpha"), FakePeer("delta")
        unproven.hears, elsewhere.voters = False, (123,)
        for peer in (unproven, elsewhere, stranger):
            says(peer, ASKING, TERM)
        bench = Bench(make_settings("watcher", (*NAMES, "delta"), arbiter="quorum", witnesses=("delta",)))
        bench.run_to(2, [unproven, elsewhere, stranger])
        self.assertIsNone(promised(bench))
        self.assertEqual(bench.life("delta"), "up")

    def test_holder_that_may_not_hold_it_any_more(self) -> None:
        """A question of a node that the configuration does not let hold the service any more hurts nobody."""
        bench = Bench(quorum("alpha"))
        bench.run_to(1.05, [FakePeer("beta"), FakePeer("watcher")])
        self.assertEqual(bench.holding(), "asking")
        bench.give(inputs.Reconfigure(make_settings("alpha", NAMES, arbiter="quorum", witnesses=("alpha",))))
        bench.run_to(3, [FakePeer("beta", DAY + 1), FakePeer("watcher", DAY + 1)])
        self.assertEqual(bench.holding(), "stopped")


class RestartedVoterTests(VoterCase):
    """A voter that has forgotten what it promised, or slept."""

    def test_silent_for_the_longest_wait(self) -> None:
        """A voter that starts neither promises nor adopts anything before the longest `wait` has passed."""
        for flags in (ASKING, HOLDING):
            self.bench = Bench(quorum("watcher"))
            self.alpha = FakePeer("alpha")
            says(self.alpha, flags, TERM)
            self.run_to(0.95, [self.alpha])
            self.expect(None, 0.95)
            self.run_to(1.05, [self.alpha])
            self.expect((TERM, "alpha"), 1.05)

    def test_time_asleep_does_not_count(self) -> None:
        """Time in which it could not run is none that it has waited."""
        self.bench = Bench(quorum("watcher"))
        self.run_to(0.5)
        says(self.alpha, ASKING, TERM)
        self.bench.now = 5.5
        self.run_to(6.45)
        self.expect(None, 6.45)
        self.run_to(6.65)
        self.expect((TERM, "alpha"), 6.65)

    def test_not_before_dead_after_waking(self) -> None:
        """A machine that was suspended while it waited waits `dead` at least when it wakes."""
        self.bench = Bench(quorum("watcher"))
        self.run_to(0.95)
        says(self.alpha, ASKING, TERM)
        self.bench.boot += 100
        self.run_to(1.9)
        self.expect(None, 1.9)
        self.run_to(2.05)
        self.expect((TERM, "alpha"), 2.05)

    def test_sleep_of_a_voter_that_has_waited(self) -> None:
        """A voter that had waited votes when it wakes, however long it slept."""
        self.run_to(1.5)
        self.bench.boot += 8 * 3600
        says(self.alpha, ASKING, TERM)
        self.run_to(1.75)
        self.expect((TERM, "alpha"), 1.75)

    def test_silence_while_asleep(self) -> None:
        """What it missed asleep says nothing: the promised one is given a whole `wait` from waking."""
        self.promise_to_alpha()
        self.run_to(2.05)
        self.bench.now = 4.0
        says(self.beta, ASKING, TERM + 1)
        self.run_to(4.95, [self.beta])
        self.expect((TERM, "alpha"), 4.95)
        self.run_to(5.05, [self.beta])
        self.expect((TERM + 1, "beta"), 5.05)

    def test_lost_memory(self) -> None:
        """A voter of which others remember more than it does is as one that has started just now."""
        self.promise_to_alpha()
        self.alpha.hears = False
        self.alpha.acked = (DAY + 9, 5)
        self.run_to(2.0, [self.alpha])
        self.alpha.hears = True
        begun = self.bench.of(d.StoreIncarnation)
        self.assertEqual([one.incarnation for one in begun], [DAY + 10])
        self.expect(None, 2.0)
        self.run_to(2.35)
        self.expect((TERM, "alpha"), 2.35)

    def test_service_that_was_taken_out_of_the_file(self) -> None:
        """What was promised of a service that is forgotten and comes back is waited for as after a start."""
        self.promise_to_alpha()
        self.run_to(2.05)
        settings = self.bench.settings
        without = make_settings("watcher", NAMES, arbiter="quorum", witnesses=("watcher",))
        object.__setattr__(without, "services", ())
        self.bench.give(inputs.Reconfigure(without))
        self.bench.give(inputs.Tick())
        self.assertEqual(self.bench.core.tenures.all, ())
        self.bench.give(inputs.Reconfigure(settings))
        says(self.beta, ASKING, TERM + 1)
        self.run_to(2.95, [self.beta])
        self.assertNotEqual(promised(self.bench), (TERM + 1, "beta"))
        self.run_to(3.15, [self.beta])
        self.expect((TERM + 1, "beta"), 3.15)


class CandidateCase(SynchronousTestCase):
    """The core under test is alpha's, which is preferred; beta and the witness are beats."""

    timing = TIMING

    def setUp(self) -> None:
        self.beta, self.watcher = FakePeer("beta"), FakePeer("watcher")
        self.watcher.service_flags = CLEAN
        self.peers = (self.beta, self.watcher)
        self.bench = Bench(quorum("alpha", timing=self.timing))

    def ask(self) -> int:
        """Let alpha ask for the service; the term in which it does."""
        while self.bench.holding() != "asking":
            self.bench.run_to(self.bench.now + 0.01, self.peers)
            self.assertLess(self.bench.now, 10, self.bench.core.tenures.all[0].reason)
        return self.bench.core.tenures.all[0].term

    def hold(self) -> int:
        """Let alpha hold the service, with the witness's vote; the term."""
        term = self.ask()
        self.watcher.promises = (term, "alpha")
        self.bench.run_to(self.bench.now + 0.15, self.peers)
        self.assertEqual(self.bench.holding(), "starting")
        self.bench.give(inputs.Started("web", term))
        return term


class CandidateTests(CandidateCase):
    """A node that asks."""

    def test_majority(self) -> None:
        """With its own vote and one more of three it takes the service over, and says who voted."""
        term = self.hold()
        self.assertEqual([taken.term for taken in self.bench.of(d.TakeOver)], [term])
        (told,) = self.bench.reported("arbiter")
        self.assertEqual(told.reason, "2 of 3 voters agree")
        self.assertEqual((told.fields["granted"], told.fields["voters"]), (True, ["alpha", "watcher"]))
        self.assertEqual(self.bench.of(d.Ask), [])

    def test_alone(self) -> None:
        """Its own vote is not enough: after `lease` it withdraws, says so, and nothing is taken over."""
        asked_at = self.ask() and self.bench.now
        self.bench.run_to(asked_at + 0.55, self.peers)
        self.assertEqual(self.bench.holding(), "asking")
        self.bench.run_to(asked_at + 0.65, self.peers)
        self.assertEqual(self.bench.holding(), "stopped")
        (told,) = self.bench.reported("arbiter")
        self.assertEqual((told.reason, told.fields["granted"]), ("no majority agrees", False))
        self.bench.run_to(30, self.peers)
        self.assertEqual(self.bench.of(d.TakeOver), [])

    def test_rests_and_asks_again(self) -> None:
        """After a while, not the same each time, it asks again, with a greater term that may be agreed to."""
        terms, rests = [], []
        for _ in range(5):
            terms.append(self.ask())
            while self.bench.holding() == "asking":
                self.bench.run_to(self.bench.now + 0.01, self.peers)
            rests.append(self.bench.core.tenures.all[0].rests_until - self.bench.now)
        self.assertEqual(terms, sorted(set(terms)))
        self.assertTrue(all(0 <= rest <= 1.5 for rest in rests), rests)
        self.assertGreater(max(rests) - min(rests), 0.2)
        self.hold()

    def test_votes_that_do_not_count(self) -> None:
        """No vote is one for another term or node, or one of another set of voters."""
        term = self.ask()
        began = self.bench.now
        for promise in ((term - 1, "alpha"), (term + 1, "alpha"), (term, "beta")):
            self.watcher.promises = promise
            self.bench.run_to(self.bench.now + 0.11, self.peers)
        self.watcher.promises, self.watcher.voters = (term, "alpha"), (123,)
        self.bench.run_to(self.bench.now + 0.11, self.peers)
        self.assertLess(self.bench.now, began + 0.6)
        self.assertEqual(self.bench.holding(), "asking")

    def test_unproven_voter(self) -> None:
        """The vote of a voter that has not acknowledged this life counts only once it has."""
        term = self.ask()
        began = self.bench.now
        unproven = FakePeer("watcher", DAY + 5)
        unproven.promises, unproven.hears = (term, "alpha"), False
        self.bench.run_to(self.bench.now + 0.11, (self.beta, unproven))
        self.assertLess(self.bench.now, began + 0.6)
        self.assertEqual(self.bench.holding(), "asking")
        unproven.hears = True
        self.bench.run_to(self.bench.now + 0.11, (self.beta, unproven))
        self.assertEqual(self.bench.holding(), "starting")

    def test_old_votes(self) -> None:
        """A vote for the question before is none for this one, also where its promise comes again late."""
        term = self.ask()
        self.watcher.promises = (term, "beta")
        while self.bench.holding() == "asking":
            self.bench.run_to(self.bench.now + 0.01, self.peers)
        self.ask()
        self.watcher.promises = (term, "alpha")
        self.bench.run_to(self.bench.now + 0.3, self.peers)
        self.assertEqual(self.bench.of(d.TakeOver), [])

    def test_lone_node(self) -> None:
        """A node that hears no majority asks for nothing, and says what it lacks."""
        self.bench.run_to(30)
        self.assertEqual(self.bench.of(d.TakeOver), [])
        self.assertFalse(any(send.beat.word.services[0].flags & ASKS for send in self.bench.of(d.Send)))
        reason = self.bench.core.tenures.all[0].reason
        self.assertEqual(reason, "hears 1 of 3 voters, itself included, and needs 2")

    def test_precedence_is_lost(self) -> None:
        """Who asked and did not get a majority comes before nobody: the next one asks at once."""
        bench, alpha = Bench(quorum("beta")), FakePeer("alpha")
        says(alpha, ASKING, TERM)
        bench.run_to(1.55, (alpha, self.watcher))
        self.assertEqual(bench.holding(), "stopped")
        says(alpha, IDLE, TERM)
        bench.run_to(1.65, (alpha, self.watcher))
        self.assertEqual(bench.holding(), "asking")


class PreferredTests(CandidateCase):
    """Precedence, where nobody was outvoted."""

    def test_waits_for_the_preferred(self) -> None:
        """A node that has not asked yet, and may, keeps its precedence of one `wait`."""
        bench, alpha = Bench(quorum("beta")), FakePeer("alpha")
        bench.run_to(1.95, (alpha, self.watcher))
        self.assertEqual(bench.holding(), "stopped")
        bench.run_to(2.15, (alpha, self.watcher))
        self.assertEqual(bench.holding(), "asking")


class OwnVoteTests(CandidateCase):
    """The vote of who asks or holds is bound like any other."""

    timing = Timing(beat=0.1, late=0.25, dead=1.0, lease=0.9, start=5.0, settle=10.0)  # a wait of 1.236 s

    def test_own_promise_is_kept(self) -> None:
        """A candidate promises the service to itself no sooner than to anybody else."""
        says(self.beta, ASKING, TERM)
        self.bench.run_to(1.55, self.peers)
        self.assertEqual(promised(self.bench), (TERM, "beta"))
        term = 0
        while not term:
            self.bench.run_to(self.bench.now + 0.01, [self.watcher])
            term = self.bench.holding() == "asking" and self.bench.core.tenures.all[0].term
        self.assertLess(self.bench.now, 2.6)
        self.bench.run_to(2.72, [self.watcher])
        self.assertEqual(promised(self.bench), (TERM, "beta"))
        self.bench.run_to(2.75, [self.watcher])
        self.assertEqual(promised(self.bench), (term, "alpha"))

    def test_own_vote_is_not_counted_meanwhile(self) -> None:
        """Until then its own vote is none for it: one more is not enough."""
        says(self.beta, ASKING, TERM)
        self.bench.run_to(1.55, self.peers)
        while self.bench.holding() != "asking":
            self.bench.run_to(self.bench.now + 0.01, [self.watcher])
        self.watcher.promises = (self.bench.core.tenures.all[0].term, "alpha")
        self.bench.run_to(2.72, [self.watcher])
        self.assertEqual(self.bench.holding(), "asking")
        self.bench.run_to(2.75, [self.watcher])
        self.assertEqual(self.bench.holding(), "starting")


class LeaseTests(CandidateCase):
    """An ack is a lease: a holder holds on while a majority has acknowledged it lately."""

    def setUp(self) -> None:
        super().setUp()
        self.term = self.hold()
        self.bench.run_to(2.05, self.peers)

    def newest_acked(self) -> float:
        """When the newest beat was sent that the witness has acknowledged."""
        return self.bench.core.state.peers["watcher"].lease_from

    def released(self) -> list[str]:
        """Why the service was let go of so far."""
        return [release.reason for release in self.bench.of(d.Release)]

    def test_counted_from_sending(self) -> None:
        """It lets go, by force within `stop`, `lease` after the sending of what was acknowledged last."""
        self.bench.run_to(2.15, [self.beta])
        until = self.newest_acked() + 0.6
        self.bench.run_to(until - 0.005, [self.beta])
        self.assertEqual(self.released(), [])
        self.bench.run_to(until + 0.005, [self.beta])
        self.assertEqual(self.bench.of(d.Release), [d.Release("web", self.term, "lease", 0.3)])

    def test_deaf_voter(self) -> None:
        """A voter that speaks and promises, and does not hear the holder, leases nothing."""
        self.watcher.hears = False
        until = self.newest_acked() + 0.6
        self.bench.run_to(until - 0.005, self.peers)
        self.assertEqual(self.released(), [])
        self.bench.run_to(until + 0.005, self.peers)
        self.assertEqual(self.released(), ["lease"])

    def test_late_ack(self) -> None:
        """An ack that comes after the lease has run out does not mend it."""
        self.bench.run_to(2.15, [self.beta])
        self.bench.run_to(self.newest_acked() + 0.595, [self.beta])
        self.bench.now += 0.01
        self.bench.give(inputs.Heard("lan", self.watcher.beat(self.bench)))
        self.assertEqual(self.released(), ["lease"])

    def test_ack_in_time(self) -> None:
        """An ack that comes just before does: the lease counts from what it acknowledges."""
        self.bench.run_to(2.15, [self.beta])
        self.bench.run_to(self.newest_acked() + 0.595, [self.beta])
        self.bench.give(inputs.Heard("lan", self.watcher.beat(self.bench)))
        self.bench.run_to(self.bench.now + 0.3, [self.beta])
        self.assertEqual(self.released(), [])

    def test_time_suspended(self) -> None:
        """Time in which the machine was suspended is time that the lease has run."""
        self.bench.run_to(2.15, [self.beta])
        until = self.newest_acked() + 0.6
        self.bench.boot += 0.3
        self.bench.run_to(until - 0.3 - 0.005, [self.beta])
        self.assertEqual(self.released(), [])
        self.bench.run_to(until - 0.3 + 0.005, [self.beta])
        self.assertEqual(self.released(), ["lease"])

    def test_short_suspension(self) -> None:
        """So it is where that was too short to count as sleep (rule 2), at whatever moment."""
        self.bench.run_to(2.15, [self.beta])
        until = self.newest_acked() + 0.6
        self.bench.run_to(
            until - 0.25, [self.beta]
        )  # it is in a hurry by now, and looks at leases at their end
        self.bench.boot += 0.2
        self.bench.run_to(until - 0.2 - 0.005, [self.beta])
        self.assertEqual(self.released(), [])
        self.bench.run_to(until - 0.2 + 0.015, [self.beta])
        self.assertEqual((self.released(), self.bench.reported("slept")), (["lease"], []))

    def test_a_minority_may_be_silent(self) -> None:
        """With two votes of three it holds on, whoever else is dead."""
        self.bench.run_to(20, [self.watcher])
        self.assertEqual(self.bench.life("beta"), "dead")
        self.assertEqual(self.released(), [])

    def test_vote_that_went_to_another(self) -> None:
        """What was leased before a voter turned to another node lasts as long as it was leased, no longer."""
        self.watcher.promises = (self.term + 1, "beta")
        until = self.newest_acked() + 0.6
        self.bench.run_to(until - 0.005, self.peers)
        self.assertEqual(self.released(), [])
        self.bench.run_to(until + 0.005, self.peers)
        self.assertEqual(self.released(), ["lease"])

    def test_planned_release(self) -> None:
        """A release that takes its time has none left when the lease runs out."""
        self.bench.give(inputs.Shutdown("asked to"))
        self.bench.run_to(self.bench.now + 1, [self.beta])
        self.assertEqual([release.budget for release in self.bench.of(d.Release)], [None, 0.3])

    def test_holds_again(self) -> None:
        """Once it has let go, it asks anew in a greater term, as anybody would."""
        self.bench.run_to(3, [self.beta])
        self.bench.give(inputs.Released("web", self.term, "", True))
        self.assertGreater(self.hold(), self.term)


class UrgentCase(CandidateCase):
    """How a holder sees to it that its acks are fresh; on one link, so that there is nothing to pass on."""

    def setUp(self) -> None:
        super().setUp()
        settings = quorum("alpha", timing=self.timing)
        self.bench = Bench(replace(settings, links=settings.links[:1]))
        self.hold()
        self.bench.run_to(2.05, self.peers)

    def beats(self, seconds: float) -> list[set[int]]:
        """Whom each beat of so many seconds asks to answer at once."""
        sent = len(self.bench.of(d.Send))
        self.bench.run_to(self.bench.now + seconds, self.peers)
        return [set(send.beat.asks) for send in self.bench.of(d.Send)[sent:]]

    def fall_deaf(self) -> float:
        """The witness does not hear the holder any more; when that was sent which it heard last."""
        self.watcher.hears = False
        self.bench.core.state.renew_leases()
        return self.bench.core.state.peers["watcher"].lease_from


class UrgentTests(UrgentCase):
    """A lease of six beats."""

    def test_calm(self) -> None:
        """While acks are fresh it beats at the normal rate, and asks for none."""
        self.assertEqual(self.beats(1), [set()] * 10)

    def test_probes(self) -> None:
        """Once those of a majority are older than half of `lease` it asks ten times as often as it beats."""
        heard_at = self.fall_deaf()
        calm = self.beats(heard_at + 0.295 - self.bench.now)
        self.assertEqual(calm, [set()] * len(calm))
        asked = self.beats(0.3)
        self.assertTrue(28 <= len(asked) <= 31, len(asked))
        self.assertEqual(asked[1:], [{name_hash("watcher")}] * (len(asked) - 1))

    def test_stops_to_probe(self) -> None:
        """With fresh acks it is calm again."""
        heard_at = self.fall_deaf()
        self.bench.run_to(heard_at + 0.45, self.peers)
        self.watcher.hears = True
        self.bench.run_to(heard_at + 0.65, self.peers)
        self.assertEqual(self.beats(1), [set()] * 10)
        self.assertEqual(self.bench.holding(), "held")


class ShortLeaseTests(UrgentCase):
    """A lease of less than three beats."""

    timing = Timing(beat=0.1, late=0.25, dead=1.0, lease=0.25, start=5.0, settle=10.0)

    def test_every_beat_asks(self) -> None:
        """Every beat of a holder asks all to answer at once; one that holds nothing asks nobody."""
        asked = self.beats(1)
        self.assertEqual(asked, [{name_hash("beta"), name_hash("watcher")}] * len(asked))
        self.assertGreaterEqual(len(asked), 10)
        self.bench.give(inputs.Command(1, "standby", "alpha"))
        self.bench.give(inputs.Released("web", self.bench.core.tenures.all[0].term, "", True))
        self.assertEqual(self.beats(1)[1:], [set()] * 9)

    def test_probes(self) -> None:
        """A good ack is a beat old: it is in a hurry when half of the lease is gone, and later than that."""
        heard_at = self.fall_deaf()
        self.bench.run_to(heard_at + 0.13, self.peers)
        self.assertGreaterEqual(len(self.beats(0.11)), 10)

"""When a peer is up, late, dead or gone: rule 1, rule 2, and lost memory."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from heart.beat import CLAIMS, NEVER, PROBE, Ack, name_hash
from heart.core import decisions as d
from heart.core import inputs
from heart.core.peers.hearsay import Hearsay, hearsay
from heart.core.peers.peer import TRANSITIONS, Life, Turn
from tests.core.support import DAY, Bench, FakePeer, make_settings


class LifeTests(SynchronousTestCase):
    """The state machine of a peer's life, through the core."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.beta = FakePeer()

    def test_up_once_it_acknowledges_us(self) -> None:
        """A peer is up when it has acknowledged this life of ours, not before."""
        self.beta.hears = False
        self.bench.run_to(0.25, [self.beta])
        self.assertEqual(self.bench.life(), "unknown")
        self.beta.hears = True
        self.bench.run_to(0.35, [self.beta])
        self.assertEqual(self.bench.life(), "up")

    def test_late_then_dead(self) -> None:
        """Silence makes a peer late after `late` and dead after `dead`, and not sooner."""
        self.bench.run_to(0.5, [self.beta])
        for time, life in ((0.74, "up"), (0.76, "late"), (1.49, "late"), (1.51, "dead")):
            self.bench.run_to(time)
            self.assertEqual(self.bench.life(), life, time)

    def test_verdict_rests_on_many_probes(self) -> None:
        """From `late` on this node asks on all links at ten times the normal rate."""
        self.bench.run_to(0.5, [self.beta])
        self.bench.decided.clear()
        self.bench.run_to(1.6)
        probes = [send for send in self.bench.of(d.Send) if send.beat.flags & PROBE]
        self.assertGreaterEqual(len(probes), 70)
        self.assertTrue(all(name_hash("beta") in send.beat.asks for send in probes))
        self.assertEqual({send.links for send in probes}, {("lan", "cable"), ("lan",)})
        (dead,) = self.bench.reported("node-dead")
        self.assertGreaterEqual(dead.fields["probes"], 70)

    def test_looks_again_before_the_verdict(self) -> None:
        """A beat that the second look finds in a socket saves its sender's life."""
        self.bench.run_to(0.5, [self.beta])
        self.bench.run_to(1.495)
        self.bench.now = 1.5
        asked = self.bench.core.step(1.5, 1.5, inputs.Tick())
        self.assertIn(d.LookAgain(), asked)
        self.assertEqual(self.bench.life(), "late")
        self.bench.give(inputs.Heard("lan", self.beta.beat(self.bench)))
        self.bench.give(inputs.Looked())
        self.assertEqual(self.bench.life(), "up")
        self.assertEqual(self.bench.reported("node-dead"), [])

    def test_a_probe_is_answered_at_once(self) -> None:
        """A live peer answers whoever asks for it, without waiting for its next beat."""
        self.bench.run_to(0.45, [self.beta])
        self.beta.asks = (name_hash("alpha"),)
        self.bench.now = 0.46
        decisions = self.bench.give(inputs.Heard("lan", self.beta.beat(self.bench)))
        (send,) = [one for one in decisions if isinstance(one, d.Send)]
        self.assertEqual(send.beat.acks[0].sequence, self.beta.sequence)

    def test_a_flood_of_questions_is_no_flood_of_answers(self) -> None:
        """Answers go at twenty times the normal rate at most, and none is lost: the last comes soon."""
        self.bench.run_to(0.45, [self.beta])
        self.beta.asks = (name_hash("alpha"),)
        self.bench.decided.clear()
        for _ in range(50):
            self.bench.give(inputs.Heard("lan", self.beta.beat(self.bench)))
        self.assertEqual(len(self.bench.of(d.Send)), 1)
        self.bench.run_to(0.456)
        self.assertEqual(self.bench.last_beat().acks[0].sequence, self.beta.sequence)

    def test_one_link_keeps_it_alive(self) -> None:
        """A peer that is heard on any link is up; the link that is silent is told of once."""
        self.bench.run_to(0.5, [self.beta], ["lan", "cable"])
        self.bench.run_to(5, [self.beta], ["cable"])
        self.assertEqual(self.bench.life(), "up")
        (down,) = self.bench.reported("link-down")
        self.assertEqual(down.fields, {"link": "lan", "peer": "beta"})
        self.bench.run_to(5.5, [self.beta], ["lan", "cable"])
        self.assertEqual(self.bench.reported("link-up")[-1].fields, {"link": "lan", "peer": "beta"})

    def test_goodbye(self) -> None:
        """A goodbye of a proven incarnation ends it for ever: not even its own later beats count."""
        self.bench.run_to(0.5, [self.beta])
        self.bench.give(inputs.Heard("lan", self.beta.goodbye(self.bench)))
        self.assertEqual(self.bench.life(), "left")
        self.bench.give(inputs.Heard("lan", self.beta.beat(self.bench)))
        self.assertEqual(self.bench.life(), "left")
        reborn = FakePeer(incarnation=DAY + 1)
        self.bench.run_to(1, [reborn])
        self.assertEqual(self.bench.life(), "up")

    def test_goodbye_of_an_unproven_incarnation(self) -> None:
        """A goodbye that comes before any proof says nothing."""
        self.bench.run_to(0.5, [self.beta])
        stranger = FakePeer(incarnation=DAY + 5)
        self.bench.give(inputs.Heard("lan", stranger.goodbye(self.bench)))
        self.assertEqual(self.bench.life(), "up")

    def test_witness_hears_it(self) -> None:
        """A peer whom another one's fresh beats report as heard is not dead, however silent to us."""
        bench = Bench(make_settings(names=("alpha", "beta", "watcher")))
        beta, watcher = FakePeer(), FakePeer("watcher")
        bench.run_to(0.5, [beta, watcher])
        watcher.other_acks = (Ack(name_hash("beta"), DAY, 5, (1000, 0)),)
        bench.run_to(4, [watcher])
        self.assertEqual(bench.life("beta"), "late")
        watcher.other_acks = (Ack(name_hash("beta"), DAY, 5, (3_000_000, 0)),)
        bench.decided.clear()
        bench.run_to(4.2, [watcher])
        self.assertEqual(bench.life("beta"), "dead")
        kinds = [type(decision) for decision in bench.decided]
        died = bench.decided.index(bench.reported("node-dead")[0])
        self.assertIn(d.LookAgain, kinds[:died])

    def test_dead_as_soon_as_the_word_of_a_witness_runs_out(self) -> None:
        """What a witness heard keeps a peer alive for `dead` from then on, and not a beat longer."""
        bench = Bench(make_settings(names=("alpha", "beta", "watcher")))
        beta, watcher = FakePeer(), FakePeer("watcher")
        bench.run_to(0.5, [beta, watcher])
        watcher.other_acks = (Ack(name_hash("beta"), DAY, 5, (850_000, 0)),)
        bench.run_to(1.45, [watcher])  # its last beat is of 1.4 s, so it heard beta at 0.55 s
        for time, life in ((1.549, "late"), (1.551, "dead")):
            bench.run_to(time)
            self.assertEqual(bench.life("beta"), life, time)

    def test_witness_that_never_heard_it(self) -> None:
        """Who has not heard a peer says nothing for it, however long `dead` is."""
        bench = Bench(make_settings(names=("alpha", "beta", "watcher")))
        watcher = FakePeer("watcher")
        peers = bench.core.state.peers
        for heard, expected in ((1_000_000, Hearsay("watcher", 9999.0)), (NEVER, None)):
            watcher.other_acks = (Ack(name_hash("beta"), DAY, 0, (heard, 0)),)
            bench.run_to(bench.now + 0.1, [watcher])
            peers["watcher"].heard_at = 0.0
            self.assertEqual(hearsay(peers["beta"], peers.values(), 10_000.0), expected)

    def test_every_state_has_its_turns(self) -> None:
        """No transition leads from a state to itself, and every state can be reached and left."""
        for (life, turn), following in TRANSITIONS.items():
            self.assertIsNot(life, following, turn)
        self.assertEqual({life for life, _ in TRANSITIONS}, set(Life))
        self.assertEqual({*TRANSITIONS.values()}, set(Life))
        self.assertEqual({turn for _, turn in TRANSITIONS}, set(Turn))


class SleepTests(SynchronousTestCase):
    """Rule 2: I was asleep."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.beta = FakePeer()
        self.bench.run_to(0.5, [self.beta])

    def test_silence_while_asleep_is_void(self) -> None:
        """A node that slept for ten seconds gives its peers a full `dead` again from waking."""
        self.bench.now = 10.5
        self.bench.give(inputs.Tick())
        self.bench.run_to(11.4)
        self.assertNotEqual(self.bench.life(), "dead")
        self.bench.run_to(11.6)
        self.assertEqual(self.bench.life(), "dead")
        self.assertAlmostEqual(self.bench.reported("slept")[0].fields["seconds"], 9.9, 1)

    def test_goodbye_found_on_waking_is_void(self) -> None:
        """A goodbye that waited in a socket while this node slept may be older than what came after it."""
        self.bench.now = 10.5
        self.bench.give(inputs.Tick())
        self.bench.give(inputs.Heard("lan", self.beta.goodbye(self.bench)))
        self.assertNotEqual(self.bench.life(), "left")

    def test_suspended_machine(self) -> None:
        """Time that passed on the boot clock alone is sleep, though no timer was late."""
        self.bench.boot = 60.0
        self.bench.run_to(0.6)
        self.assertGreater(self.bench.reported("slept")[0].fields["seconds"], 59)

    def test_short_lateness_is_no_sleep(self) -> None:
        """A loop that is late by less than `late` goes on, and the lateness is on record."""
        self.bench.now = 0.8
        self.bench.give(inputs.Tick())
        self.assertEqual(self.bench.reported("slept"), [])
        self.assertAlmostEqual(self.bench.core.wakefulness.worst(0.8)[0], 0.25, 2)

    def test_holder_that_overslept_lets_go_before_it_claims(self) -> None:
        """A holder that slept for longer than `lease` begins to release before it sends another beat."""
        self.bench.run_to(1.2, [self.beta])
        self.bench.give(inputs.Started("web", DAY + 1))
        self.assertEqual(self.bench.holding(), "held")
        self.bench.now = 2.2
        self.bench.decided.clear()
        self.bench.give(inputs.Tick())
        kinds = [type(one) for one in self.bench.decided]
        self.assertLess(kinds.index(d.Release), kinds.index(d.Send))

    def test_reads_before_it_speaks(self) -> None:
        """Who was late reads what has come meanwhile before its next beat: else that would call it deaf."""
        self.bench.run_to(1.2, [self.beta])
        for late in (0.2, 0.9):
            self.bench.now += late
            kinds = [type(one) for one in self.bench.core.step(self.bench.now, self.bench.now, inputs.Tick())]
            self.assertIn(d.LookAgain, kinds)
            self.assertNotIn(d.Send, kinds)
            kinds = [type(one) for one in self.bench.give(inputs.Looked())]
            self.assertIn(d.Send, kinds)

    def test_lone_holder_that_overslept_lets_go(self) -> None:
        """So it does with nobody there to be deaf to it: somebody may have come while it slept."""
        self.bench.run_to(1.2, [self.beta])
        self.bench.give(inputs.Started("web", DAY + 1))
        self.bench.run_to(3)
        self.assertEqual((self.bench.life(), self.bench.holding()), ("dead", "held"))
        self.bench.now = 3.5
        self.bench.give(inputs.Tick())
        self.assertEqual(self.bench.holding(), "held", "it slept for less than `lease`")
        self.bench.now = 4.3
        self.bench.give(inputs.Tick())
        self.assertEqual(self.bench.of(d.Release), [d.Release("web", DAY + 1, "lease", 0.3)])

    def test_sleep_counts_for_nothing_that_a_start_waits_for(self) -> None:
        """`start` counts time awake: a node that slept through it still waits for unheard peers."""
        bench = Bench()
        bench.run_to(0.5)
        bench.now = 4.5
        bench.give(inputs.Tick())
        bench.run_to(8.8)
        self.assertEqual(bench.of(d.TakeOver), [])
        bench.run_to(9.1)
        self.assertEqual(len(bench.of(d.TakeOver)), 1)


class MemoryTests(SynchronousTestCase):
    """A node that lost its memory learns of it from its peers."""

    def test_acknowledged_beyond_what_it_sent(self) -> None:
        """It releases what it holds, and takes an incarnation greater than the one that others remember."""
        bench, beta = Bench(), FakePeer()
        bench.run_to(1.2, [beta])
        self.assertEqual(bench.holding(), "starting")
        beta.hears = False
        beta.acked = (DAY + 70, 12)
        bench.run_to(1.35, [beta])
        self.assertEqual(bench.core.incarnation, DAY + 71)
        self.assertIn(d.StoreIncarnation(DAY + 71), bench.decided)
        self.assertEqual(bench.holding(), "stopping")
        self.assertEqual(bench.last_beat().incarnation, DAY + 71)

    def test_same_incarnation_with_more_beats(self) -> None:
        """A sequence number of ours that we never reached is as telling as a whole life."""
        bench, beta = Bench(), FakePeer()
        bench.run_to(0.3, [beta])
        beta.hears = False
        beta.acked = (DAY, 5000)
        bench.run_to(0.45, [beta])
        self.assertEqual(bench.core.incarnation, DAY + 1)

    def test_terms_grow_without_memory(self) -> None:
        """A term is greater than any known and no less than the time of day in seconds."""
        for known, term in ((0, DAY + 5), (DAY + 500, DAY + 501)):
            bench = Bench(terms={"web": known})
            bench.run_to(6.05)
            self.assertEqual(bench.of(d.TakeOver)[0].term, term)


class TimingTests(SynchronousTestCase):
    """Timing that follows other configurations."""

    def test_claims_of_the_dead_are_waited_for(self) -> None:
        """A successor waits `wait` from the last claim, which can be longer than `dead`."""
        settings = make_settings()
        slow = replace(settings, services=(replace(settings.services[0], stop=2.0),))
        bench, beta = Bench(slow), FakePeer()
        beta.service_flags, beta.term = CLAIMS, DAY
        bench.run_to(3, [beta])
        bench.run_to(5.6)
        self.assertEqual(bench.life(), "dead")
        self.assertEqual(bench.of(d.TakeOver), [])
        bench.run_to(3 + 1.03 * 2.6 + 0.1)
        self.assertEqual(len(bench.of(d.TakeOver)), 1)

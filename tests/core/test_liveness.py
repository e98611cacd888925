"""When a peer is up, late, dead or gone: rule 1, rule 2, proof and replay."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from heart.beat import CLAIMS, NEVER, PROBE, Ack, name_hash
from heart.core import decisions as d
from heart.core import inputs
from heart.core.peer import TRANSITIONS, Life, Turn
from heart.core.settings import LinkSettings
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

    def test_every_state_has_its_turns(self) -> None:
        """No transition leads from a state to itself, and every state can be reached and left."""
        for (life, turn), following in TRANSITIONS.items():
            self.assertIsNot(life, following, turn)
        self.assertEqual({life for life, _ in TRANSITIONS}, set(Life))
        self.assertEqual({*TRANSITIONS.values()}, set(Life))
        self.assertEqual({turn for _, turn in TRANSITIONS}, set(Turn))


class SlowLineTests(SynchronousTestCase):
    """A peer that is heard on nothing but a line slower than the beat."""

    def test_judged_by_the_lines_own_interval(self) -> None:
        """Heard at 9,600 baud alone, a peer is dead after four of that line's intervals, not after `dead`."""
        bench, beta = Bench(make_settings(cable=9600)), FakePeer()
        bench.run_to(3, [beta], ["cable"])
        bench.run_to(4.55)
        self.assertEqual(bench.life(), "late")
        bench.run_to(4.65)
        self.assertEqual(bench.life(), "dead")

    def test_half_of_the_capacity(self) -> None:
        """A line never sends more than half of what it could carry, however many beats are due."""
        bench, beta = Bench(make_settings(cable=9600)), FakePeer()
        bench.run_to(0.5, [beta])
        bench.decided.clear()
        bench.run_to(20.5)
        frames = [send for send in bench.of(d.Send) if "cable" in send.links]
        self.assertLess(len(frames) * 110 * 10, 9600 * 20 / 2)
        self.assertGreater(len(frames), 20 * 2)

    def test_line_that_goes_while_it_is_owed_a_beat(self) -> None:
        """A line that goes down while an urgent beat waits for it does not keep the node busy."""
        bench, beta = Bench(make_settings(cable=9600)), FakePeer()
        bench.run_to(0.5, [beta])
        bench.run_to(0.9)
        bench.give(inputs.LinkDown("cable", "pulled"))
        bench.decided.clear()
        bench.run_to(1.2)
        self.assertLess(len(bench.of(d.Send)), 35)
        self.assertGreater(bench.core.next_deadline(), 1.2)


class UnlikeLinksTests(SynchronousTestCase):
    """Links that not every node has."""

    def test_acks_speak_of_each_of_our_links(self) -> None:
        """An ack has its two numbers for every link of the sender, also for those that the peer is not on."""
        names = ("alpha", "beta", "gamma")
        settings = make_settings(names=names)
        cable, lan = LinkSettings("cable", ("alpha", "beta"), 115200), LinkSettings("lan", names)
        bench, gamma = Bench(replace(settings, links=(cable, lan))), FakePeer("gamma")
        bench.run_to(0.5, [gamma])
        (ack,) = bench.last_beat().acks
        self.assertEqual(ack.heard[:2], (NEVER, 0))
        self.assertLess(ack.heard[2], 200_000)


class ReplayTests(SynchronousTestCase):
    """What was heard once is heard once."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.beta = FakePeer()

    def test_replayed_beat(self) -> None:
        """A beat that comes again on its link is counted as a replay and keeps nobody alive."""
        self.bench.run_to(0.4, [self.beta])
        old = self.beta.beat(self.bench)
        self.bench.give(inputs.Heard("lan", old))
        for time in range(5, 20):
            self.bench.run_to(time / 10)
            self.bench.give(inputs.Heard("lan", old))
        self.assertEqual(self.bench.life(), "dead")
        self.assertEqual(self.bench.core.ear.refused["lan"]["replayed"], 15)

    def test_older_incarnation(self) -> None:
        """Beats of a life that is over count for nothing."""
        self.bench.run_to(0.4, [self.beta])
        older = FakePeer(incarnation=DAY - 1)
        older.sequence = 10_000
        self.bench.run_to(2, [older])
        self.assertEqual(self.bench.life(), "dead")

    def test_remembered_across_our_restart(self) -> None:
        """What an earlier life of this node had heard is not news to it, on any link."""
        bench = Bench(records={"beta": (DAY, 1000)})
        self.beta.sequence = 500
        self.beta.hears = False
        bench.run_to(2, [self.beta], ["lan", "cable"])
        self.assertEqual(bench.core.state.peers["beta"].heard_at, float("-inf"))
        bench.run_to(6.1)
        self.assertEqual(bench.holding(), "starting")

    def test_the_same_beat_on_two_links(self) -> None:
        """The second copy of a beat shows that its link works, and is no replay."""
        self.bench.run_to(1, [self.beta], ["lan", "cable"])
        peer = self.bench.core.state.peers["beta"]
        self.assertEqual(peer.on["lan"].received, peer.on["cable"].received)
        self.assertEqual(self.bench.core.ear.refused["cable"], {})

    def test_second_copy_before_any_proof(self) -> None:
        """Nor is it one while the peer has yet to acknowledge us."""
        self.beta.hears = False
        self.bench.run_to(0.5, [self.beta], ["lan", "cable"])
        self.assertEqual(self.bench.core.ear.refused["cable"], {})

    def test_frames_that_a_dead_peer_never_got_through(self) -> None:
        """What one link lost, sent again there after the peer's death, does not make that link look alive."""
        kept = [self.beta.beat(self.bench)]
        self.bench.give(inputs.Heard("lan", kept[0]))
        self.bench.run_to(0.5, [self.beta])
        self.bench.run_to(2)
        self.assertEqual(self.bench.life(), "dead")
        self.bench.give(inputs.Heard("cable", kept[0]))
        self.assertEqual(self.bench.core.ear.refused["cable"], {"replayed": 1})
        self.assertEqual(self.bench.core.state.peers["beta"].on["cable"].received, 0)

    def test_lost_frames_are_counted(self) -> None:
        """What the peer sent on a link and what arrived there tell what was lost."""
        self.bench.run_to(0.4, [self.beta])
        for _ in range(7):
            self.beta.beat(self.bench)
        self.bench.run_to(1, [self.beta])
        self.assertEqual(self.bench.core.state.peers["beta"].on["lan"].lost(), 7)

    def test_unknown_node(self) -> None:
        """A signed beat of a node that is not in the configuration is counted, and changes nothing."""
        self.bench.run_to(1, [FakePeer("gamma")])
        self.assertEqual(self.bench.core.ear.refused["lan"]["unknown-node"], 10)
        (told,) = self.bench.reported("refused")
        self.assertIn("unknown-node", told.reason)


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
        self.assertAlmostEqual(self.bench.core.wakefulness.worst(0.8)[0], 0.2, 2)

    def test_holder_that_overslept_lets_go_before_it_claims(self) -> None:
        """A holder that slept for longer than `lease` begins to release before it sends another beat."""
        self.bench.run_to(1.2, [self.beta])
        self.bench.give(inputs.Started("web", DAY + 1))
        self.assertEqual(self.bench.holding(), "held")
        self.bench.now = 2.2
        kinds = [type(one) for one in self.bench.give(inputs.Tick())]
        self.assertLess(kinds.index(d.Release), kinds.index(d.Send))


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

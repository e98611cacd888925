"""What a node asks, tells and keeps besides its regular beats."""

from __future__ import annotations

from msgspec import structs
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import Entry, name_hash
from heart.core import decisions as d
from heart.core import inputs
from tests.core.support import DAY, Bench, FakePeer, make_settings


class TalkTests(SynchronousTestCase):
    """What is said and asked besides the regular beats."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.beta = FakePeer()

    def test_asks_a_peer_that_is_not_proven(self) -> None:
        """A peer that speaks and has not acknowledged us is asked to answer, so that both soon know."""
        self.beta.hears = False
        self.bench.run_to(0.35, [self.beta])
        self.assertEqual(self.bench.last_beat().asks, (name_hash("beta"),))

    def test_asks_rivals_while_it_asks_for_a_service(self) -> None:
        """Whoever has to agree to a takeover is asked to answer at once."""
        self.bench.run_to(1.005, [self.beta])
        self.assertEqual(self.bench.holding(), "asking")
        self.assertEqual(self.bench.last_beat().asks, (name_hash("beta"),))

    def test_another_configuration(self) -> None:
        """A peer that runs another configuration is told of, once."""
        self.bench.run_to(0.25, [self.beta])
        entry = Entry("beta", DAY, 1, "other", "0")
        for _ in range(2):
            beat = self.beta.beat(self.bench)
            word = structs.replace(beat.word, entries=(entry,))
            self.bench.give(inputs.Heard("lan", structs.replace(beat, word=word)))
        (told,) = self.bench.reported("configuration")
        self.assertEqual(told.fields["peer"], "beta")

    def test_the_newest_of_a_living_peer_is_kept(self) -> None:
        """What is heard of a living peer is stored now and then: little can be replayed to our next life."""
        self.bench.run_to(10.5, [self.beta])
        kept = self.bench.of(d.StorePeer)
        self.assertEqual([one.peer for one in kept], ["beta", "beta"])
        self.assertGreater(kept[-1].sequence, 95)

    def test_a_slow_line_at_rest(self) -> None:
        """At rest a slow line gets one beat in its own interval, and saves the rest of its half."""
        bench, beta = Bench(make_settings(cable=9600)), FakePeer()
        bench.run_to(1, [beta], ["lan", "cable"])
        bench.decided.clear()
        bench.run_to(9, [beta], ["lan", "cable"])
        on_cable = [send for send in bench.of(d.Send) if "cable" in send.links]
        self.assertTrue(19 <= len(on_cable) <= 22, f"{len(on_cable)} beats in 8 s, at one in 0.4 s")

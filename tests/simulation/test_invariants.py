"""Invariants, one by one: each is told a story in which its rule is kept, and one in which it is broken."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import (
    ABLE,
    ASKS,
    CLAIMS,
    CLEAN,
    GOODBYE,
    GOODBYE_SEQUENCE,
    STOPPING,
    Beat,
    ServiceWord,
    Word,
    name_hash,
)
from heart.config.model import Timing
from heart.core.decisions import Release, Report
from heart.core.services.electorate import NO_SET, hash_of
from heart.simulation.invariants.all import invariants
from heart.simulation.invariants.base import Broken, Ground
from heart.simulation.invariants.facts import Facts

TIMING = Timing(beat=0.1, late=0.25, dead=1.0, lease=0.6, start=5.0, settle=10.0)
WEB = name_hash("web")
FREE, CLAIMED = ABLE | CLEAN, ABLE | CLAIMS


class Case(SynchronousTestCase):
    """A cluster that is nothing but what the test tells of it."""

    def setUp(self) -> None:
        self.sound: dict[tuple[str, str], float] = {}
        self.lag = 0.0
        self.fast = False
        self.file: tuple[str, ...] = ()
        self.begin("trust")

    def files(self, node: str) -> tuple[str, ...]:
        """Which peers are in the file of a node."""
        return tuple(name for name in self.file if name != node)

    def begin(self, arbiter: str, nodes: tuple[str, ...] = ("alpha", "beta", "gamma")) -> None:
        """All nodes have run for long enough for anything."""
        self.file = nodes
        ground = Ground(
            nodes,
            TIMING,
            TIMING,
            0.3,
            lambda one, other: (self.sound.get((one, other), 0.0), 0.1),
            lambda node: self.lag,
            self.files,
            len(nodes) // 2 + 1 if arbiter == "quorum" else 0,
            slowest=0.1,
        )
        witnesses, self.judges = invariants(ground, lambda node: self.fast)
        self.facts = Facts(witnesses)
        self.numbers = dict.fromkeys(nodes, 0)
        for node in nodes:
            self.tell("began", 0.0, node, 1)
        for hearer in nodes:
            for speaker in nodes:
                if hearer != speaker:
                    self.hear(9.0, hearer, speaker, FREE)

    def tell(self, kind: str, time: float, node: str, *what: Any) -> None:
        """Tell a fact."""
        self.facts.tell(kind, time, node, *what)

    def beat(self, node: str, flags: int, term: int = 1, promise: tuple[int, str] | None = None) -> Beat:
        """The next beat of a node."""
        self.numbers[node] += 1
        said = ServiceWord(WEB, term, flags)
        if promise is not None:
            said = ServiceWord(WEB, term, flags, promise[0], name_hash(promise[1]))
        return Beat(node, 1, self.numbers[node], 0, (1,), (), (), Word((name_hash("lan"),), (said,), b""))

    def say(
        self, time: float, node: str, flags: int, term: int = 1, promise: tuple[int, str] | None = None
    ) -> Beat:
        """A node sends a beat."""
        beat = self.beat(node, flags, term, promise)
        self.tell("sent", time, node, beat, ("lan",))
        return beat

    def hear(self, time: float, hearer: str, speaker: str, flags: int, term: int = 1) -> None:
        """A node sends a beat, and another hears it."""
        self.tell("reached", time, hearer, "lan", self.say(time, speaker, flags, term))

    def call_dead(self, time: float, node: str, peer: str) -> None:
        """A node says that another is dead."""
        self.tell("decided", time, node, Report("node-dead", "silent", {"peer": peer}))

    def pass_time(self, time: float) -> None:
        """Nothing happens until then."""
        for judge in self.judges:
            judge.passed(time)

    def breaks(self, rule: str, tell: str, *args: Any) -> None:
        """What is told now breaks the rule."""
        with self.assertRaises(Broken) as found:
            getattr(self, tell)(*args)
        self.assertTrue(found.exception.rule.startswith(rule), found.exception)


class HoldingTests(Case):
    """Who holds."""

    def test_two_holders_that_hear_each_other(self) -> None:
        """Under `trust` a second holder breaks rule 5 where a way has worked for long, else it does not."""
        self.tell("took", 20.0, "alpha", "web", 1)
        self.sound = {("alpha", "beta"): 2.3}
        self.breaks("5", "tell", "took", 25.0, "beta", "web", 2)
        self.begin("trust")
        self.tell("took", 20.0, "alpha", "web", 1)
        self.sound = {("alpha", "beta"): 2.1, ("beta", "alpha"): 0.0}
        self.tell("took", 25.0, "beta", "web", 2)

    def test_two_that_meet(self) -> None:
        """Two holders that hear each other again are one soon, or rule 6 is broken."""
        self.tell("took", 20.0, "alpha", "web", 1)
        self.tell("took", 25.0, "beta", "web", 2)
        self.pass_time(40.0)
        self.sound = {("alpha", "beta"): 0.5, ("beta", "alpha"): 0.5}
        self.pass_time(40.5)
        self.sound = {("alpha", "beta"): 0.7, ("beta", "alpha"): 0.7}
        self.breaks("5", "pass_time", 40.7)

    def test_never_two_where_nodes_vote(self) -> None:
        """Under `quorum` a second holder breaks rule 5 whatever is cut, but not where one follows another."""
        self.begin("quorum")
        self.tell("took", 20.0, "alpha", "web", 1)
        self.tell("let_go", 21.0, "alpha", "web")
        self.tell("took", 22.0, "beta", "web", 2)
        self.breaks("5", "tell", "took", 25.0, "gamma", "web", 3)

    def test_holder_that_sleeps(self) -> None:
        """A holder that sleeps may have a successor, and has let go two beats and `stop` after waking."""
        self.begin("quorum")
        self.tell("took", 20.0, "alpha", "web", 1)
        self.tell("stalled", 21.0, "alpha")
        self.tell("took", 25.0, "beta", "web", 2)
        self.pass_time(30.0)
        self.tell("woke", 30.0, "alpha")
        self.pass_time(30.45)
        self.breaks("5", "pass_time", 30.55)

    def test_terms(self) -> None:
        """A term that is not greater than the last breaks a rule; a start that is tried again does not."""
        self.begin("quorum")
        self.tell("took", 20.0, "alpha", "web", 7)
        self.tell("let_go", 21.0, "alpha", "web")
        self.tell("took", 21.5, "alpha", "web", 7)
        self.tell("let_go", 22.0, "alpha", "web")
        self.breaks("5 terms", "tell", "took", 25.0, "beta", "web", 7)


class RenewalTests(Case):
    """Who lets go for want of acks."""

    def setUp(self) -> None:
        super().setUp()
        self.begin("quorum")
        self.release = Release("web", 1, "lease", 0.3)

    def join(self, *nodes: str) -> None:
        """All ways between these have always worked."""
        self.sound = {(one, other): 100.0 for one in nodes for other in nodes if one != other}

    def test_no_reason(self) -> None:
        """Who has always heard a majority, and been heard, breaks rule 3 when it lets go, else not."""
        self.tell("decided", 50.0, "alpha", self.release)
        self.join("alpha", "beta", "gamma")
        self.breaks("3", "tell", "decided", 50.0, "alpha", self.release)

    def test_for_another_reason(self) -> None:
        """An order is a reason."""
        self.join("alpha", "beta", "gamma")
        self.tell("decided", 50.0, "alpha", Release("web", 1, "move", 0.3))

    def test_beside_one_that_has_died(self) -> None:
        """That somebody has died, and its last beats, are no reason while a majority is left."""
        self.join("alpha", "beta", "gamma")
        self.tell("died", 50.0, "gamma")
        self.hear(50.001, "alpha", "gamma", FREE)
        self.breaks("3", "tell", "decided", 50.6, "alpha", self.release)

    def test_somebody_speaks_for_the_dead(self) -> None:
        """Recorded beats of a dead node, new to this life of the holder, are a reason for a while."""
        self.join("alpha", "beta", "gamma")
        self.tell("died", 50.0, "gamma")
        recorded = self.beat("gamma", FREE)
        self.tell("reached", 60.0, "alpha", "lan", recorded)
        self.tell("decided", 60.8, "alpha", self.release)
        self.breaks("3", "tell", "decided", 60.9, "alpha", self.release)

    def test_what_was_heard_before_says_nothing(self) -> None:
        """A beat that the holder has heard in this life is none when it is sent again."""
        self.join("alpha", "beta", "gamma")
        heard = self.say(49.0, "gamma", FREE)
        self.tell("reached", 49.0, "alpha", "lan", heard)
        self.tell("died", 50.0, "gamma")
        self.tell("reached", 60.0, "alpha", "lan", heard)
        self.breaks("3", "tell", "decided", 60.1, "alpha", self.release)


class SuccessionTests(Case):
    """After whom."""

    def test_claimed_lately(self) -> None:
        """Who takes what it heard claimed within `wait` breaks rule 4, unless it was told that it is free."""
        self.hear(20.0, "beta", "alpha", CLAIMED)
        self.breaks("4", "tell", "took", 20.9, "beta", "web", 2)
        self.begin("trust")
        self.hear(20.0, "beta", "alpha", CLAIMED)
        self.hear(20.1, "beta", "alpha", FREE)
        self.tell("took", 20.2, "beta", "web", 2)

    def test_after_the_wait(self) -> None:
        """Once `wait` has passed it may be taken."""
        self.hear(20.0, "beta", "alpha", CLAIMED)
        self.tell("took", 21.0, "beta", "web", 2)

    def test_at_once(self) -> None:
        """A node that takes something before `start` without having heard everybody breaks rule 10."""
        self.tell("began", 50.0, "beta", 2)
        self.hear(50.5, "beta", "alpha", FREE)
        self.breaks("10", "tell", "took", 54.0, "beta", "web", 2)
        self.hear(54.5, "beta", "gamma", FREE)
        self.tell("took", 54.6, "beta", "web", 3)


class SilenceTests(Case):
    """Who is dead."""

    def test_dead_too_early(self) -> None:
        """Who calls a peer dead that it heard within `dead` breaks rule 1."""
        self.hear(20.0, "beta", "alpha", FREE)
        self.call_dead(21.0, "beta", "alpha")
        self.hear(30.0, "beta", "alpha", FREE)
        self.breaks("1", "call_dead", 30.9, "beta", "alpha")

    def test_replays_are_not_heard(self) -> None:
        """What was heard before keeps nobody alive."""
        beat = self.say(20.0, "alpha", FREE)
        self.tell("reached", 20.0, "beta", "lan", beat)
        self.tell("reached", 20.9, "beta", "lan", beat)
        self.call_dead(21.0, "beta", "alpha")

    def test_death_that_nobody_notices(self) -> None:
        """Who holds a dead node to live for long breaks rule 1, and who has said that it is dead does not."""
        for peer in ("alpha", "gamma"):
            self.tell("decided", 19.0, "beta", Report("node-late", "", {"peer": peer}))
            self.tell("died", 20.0, peer)
        self.call_dead(21.5, "beta", "alpha")
        self.breaks("1", "pass_time", 26.5)

    def test_verdict_after_a_sleep(self) -> None:
        """Who slept calls nobody dead for `dead` after that, or rule 2 is broken."""
        self.tell("stalled", 20.0, "beta")
        self.tell("woke", 22.0, "beta")
        self.breaks("2", "call_dead", 22.5, "beta", "alpha")
        self.call_dead(23.1, "beta", "alpha")

    def test_claim_after_a_sleep(self) -> None:
        """Who slept for longer than its lease says first that it lets go, or rule 2 is broken."""
        self.tell("took", 19.0, "beta", "web", 1)
        for flags, holds in ((CLAIMED | STOPPING, True), (FREE, True), (CLAIMED, False)):
            self.tell("stalled", 20.0, "beta")
            self.tell("woke", 21.0, "beta")
            if holds:
                self.say(21.0, "beta", flags)
            else:
                self.breaks("2", "say", 21.0, "beta", flags)


class VotingTests(Case):
    """Promises and leases."""

    def setUp(self) -> None:
        super().setUp()
        self.begin("quorum")

    def test_promise_to_another(self) -> None:
        """A promise passes to another node `wait` after the last claim, or when it is let go of."""
        self.say(20.0, "gamma", FREE, 5, (5, "alpha"))
        self.hear(20.4, "beta", "alpha", FREE, 5)
        self.hear(20.5, "gamma", "alpha", CLAIMED, 5)
        self.say(20.6, "gamma", FREE, 5, (5, "alpha"))
        self.breaks("5 a promise", "say", 21.3, "gamma", FREE, 6, (6, "beta"))
        self.say(21.6, "gamma", FREE, 6, (6, "beta"))
        self.hear(22.0, "gamma", "beta", ABLE | ASKS, 6)
        self.hear(22.1, "gamma", "beta", FREE, 6)
        self.say(22.2, "gamma", FREE, 7, (7, "alpha"))

    def test_promise_by_a_claim(self) -> None:
        """A claim with a greater term is adopted at once."""
        self.say(20.0, "gamma", FREE, 5, (5, "alpha"))
        self.hear(20.4, "beta", "alpha", FREE, 5)
        self.hear(20.5, "gamma", "alpha", CLAIMED, 5)
        self.hear(20.55, "alpha", "beta", FREE, 6)
        self.hear(20.6, "gamma", "beta", CLAIMED, 6)
        self.say(20.7, "gamma", FREE, 6, (6, "beta"))

    def test_promise_that_goes_back(self) -> None:
        """A promise with a lesser term breaks the rule."""
        self.say(20.0, "gamma", FREE, 5, (5, "alpha"))
        self.breaks("5 a promise", "say", 30.0, "gamma", FREE, 4, (4, "beta"))

    def test_promise_after_a_start(self) -> None:
        """Before older promises have run out a voter that has just started promises nothing."""
        self.tell("began", 30.0, "gamma", 2)
        self.breaks("5 a promise", "say", 30.5, "gamma", FREE, 5, (5, "alpha"))

    def test_goodbye(self) -> None:
        """After a goodbye nobody needs to wait."""
        self.say(20.0, "gamma", FREE, 5, (5, "alpha"))
        beat = Beat("alpha", 1, GOODBYE_SEQUENCE, GOODBYE, (1,), (), (), Word((), (), b""))
        self.tell("reached", 20.1, "gamma", "lan", beat)
        self.say(20.2, "gamma", FREE, 6, (6, "beta"))

    def test_lease(self) -> None:
        """Who claims and was heard by no majority for `lease`, from sending, breaks rule 3."""
        heard = self.say(20.0, "alpha", FREE, 5)
        self.tell("reached", 20.4, "beta", "lan", heard)
        self.say(20.6, "alpha", CLAIMED, 5)
        self.say(20.65, "alpha", CLAIMED | STOPPING, 5)
        self.breaks("3", "say", 20.7, "alpha", CLAIMED, 5)


class ElectorateTests(Case):
    """Sets of voters: delta comes in alpha's place."""

    OLD, NEW = ("alpha", "beta", "gamma"), ("beta", "gamma", "delta")

    def setUp(self) -> None:
        super().setUp()
        self.begin("quorum", ("alpha", "beta", "gamma", "delta"))
        self.vote(10.0, "alpha beta gamma", self.OLD)

    def vote(self, time: float, nodes: str, *voters: tuple[str, ...], promise: int | None = None) -> None:
        """These nodes say that they know those sets; none in the first place: they are between two."""
        for node in nodes.split():
            self.file = next((names for names in voters if node in names), self.OLD)
            words = tuple(hash_of(names) if names else NO_SET for names in voters)
            beat = self.beat(node, FREE, 5, None if promise is None else (promise, "beta"))
            beat = replace(beat, word=replace(beat.word, voters=words))
            self.tell("sent", time, node, beat, ("lan",))

    def test_step_by_step(self) -> None:
        """Nodes that follow the steps break nothing, and may do the last one again after a restart."""
        self.vote(11.0, "beta gamma", self.OLD, self.NEW)
        self.vote(11.1, "beta gamma", (), self.NEW, self.OLD)
        self.vote(11.2, "beta gamma delta", self.NEW)
        self.tell("died", 11.3, "beta")
        self.vote(11.4, "beta", (), self.NEW, self.OLD)
        self.vote(11.5, "beta", self.NEW)

    def test_leaves_too_early(self) -> None:
        """Who votes no more before a majority of both sets has the next one breaks the rule."""
        self.breaks("5 one set", "vote", 11.0, "beta", (), self.NEW, self.OLD)

    def test_what_was_said_long_ago(self) -> None:
        """Others may have changed their minds since they were heard."""
        self.vote(11.0, "beta", self.OLD, self.NEW)
        self.breaks("5 one set", "vote", 14.0, "gamma", (), self.NEW, self.OLD)

    def test_arrives_too_early(self) -> None:
        """Who votes by the next set before a majority has left the old one breaks the rule."""
        self.vote(11.0, "beta gamma", self.OLD, self.NEW)
        self.vote(11.1, "beta", (), self.NEW, self.OLD)
        self.breaks("5 one set", "vote", 11.2, "beta", self.NEW)

    def test_goes_back(self) -> None:
        """Who has left a set and votes by it again breaks the rule."""
        self.vote(11.0, "beta gamma", self.OLD, self.NEW)
        self.vote(11.1, "beta gamma", (), self.NEW, self.OLD)
        self.vote(14.0, "gamma", (), self.NEW, self.OLD)
        self.breaks("5 one set", "vote", 14.1, "beta", self.OLD)

    def test_forgets(self) -> None:
        """Who restarts, and votes by its file, breaks the rule."""
        self.vote(11.0, "beta", self.OLD, self.NEW)
        self.tell("died", 11.1, "beta")
        self.breaks("5 one set", "vote", 11.4, "beta", self.NEW)

    def test_promised_by_a_majority_of_one_set(self) -> None:
        """Promises of a majority of the taker's set let it take, others do not."""
        self.vote(11.0, "gamma", self.OLD, promise=7)
        self.tell("took", 11.1, "beta", "web", 7)
        self.tell("let_go", 11.2, "beta", "web")
        self.breaks("5 one set of voters agrees", "tell", "took", 11.3, "beta", "web", 8)

    def test_promised_by_one_between(self) -> None:
        """A promise of one that votes under neither set does not count."""
        self.vote(11.0, "beta gamma", self.OLD, self.NEW)
        self.vote(11.1, "gamma", (), self.NEW, self.OLD, promise=8)
        self.breaks("5 one set of voters agrees", "tell", "took", 11.3, "beta", "web", 8)

    def test_takes_between(self) -> None:
        """Who votes under neither set takes nothing."""
        self.vote(11.0, "beta gamma", self.OLD, self.NEW)
        self.vote(11.1, "beta", (), self.NEW, self.OLD)
        self.breaks("5 one set of voters agrees", "tell", "took", 11.3, "beta", "web", 8)


class TalkingTests(Case):
    """Beats."""

    def test_numbers(self) -> None:
        """A number that is not greater breaks the beat's own rule, in one life."""
        beat = self.say(20.0, "alpha", FREE)
        self.breaks("beat", "tell", "sent", 20.1, "alpha", beat, ("lan",))
        self.tell("began", 21.0, "alpha", 2)
        self.tell("sent", 21.1, "alpha", beat, ("lan",))

    def test_no_beats(self) -> None:
        """Who does not beat although it can breaks rule 9; a slow one is given its time."""
        self.fast = True
        for node in self.numbers:
            self.say(20.0, node, FREE)
        self.pass_time(20.1)
        self.lag = 0.2
        self.pass_time(20.3)
        self.lag = 0.0
        self.breaks("9", "pass_time", 20.3)

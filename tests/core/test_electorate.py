"""Who votes, and how a changed set of voters comes into force (rule 5 with the arbiter quorum)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from heart.beat import ABLE, ASKS, CLAIMS, CLEAN, name_hash
from heart.config.model import QUORUM
from heart.core import decisions as d
from heart.core import inputs
from heart.core.services.electorate import NO_SET, hash_of, too_few_left, too_many_newcomers
from heart.core.settings import Settings
from tests.core.support import DAY, Bench, FakePeer, make_settings

THREE = ("alpha", "beta", "watcher")
FOUR = (*THREE, "other")
FIVE = (*THREE, "new", "newer")
WITNESSES = ("watcher", "other", "new", "newer", "newest")
IDLE = ABLE | CLEAN
ASKING = IDLE | ASKS
HOLDING = ABLE | CLAIMS
TERM = DAY + 100


def quorum(node: str, names: tuple[str, ...], arbiter: str = QUORUM) -> Settings:
    """A cluster of these nodes; alpha and beta may hold the service."""
    witnesses = tuple(name for name in WITNESSES if name in names)
    settings = make_settings(node, names, arbiter=arbiter, witnesses=witnesses)
    return replace(settings, configuration=f"{arbiter} {names}")


def sets(*sets: tuple[str, ...]) -> tuple[int, ...]:
    """What beats say of these sets of voters; an empty one is none."""
    return tuple(hash_of(names) if names else NO_SET for names in sets)


class Case(SynchronousTestCase):
    """A core that has its voters from one file and is given another."""

    node = "watcher"
    old: tuple[str, ...] = FOUR
    new: tuple[str, ...] = THREE

    def setUp(self) -> None:
        self.peers = {name: FakePeer(name) for name in {*self.old, *self.new} - {self.node}}
        for name, peer in self.peers.items():
            if name in WITNESSES:
                peer.service_flags = CLEAN
        self.begin(Bench(quorum(self.node, self.old)))

    def begin(self, bench: Bench) -> None:
        """Go on with this core: it knows its peers, and votes."""
        self.bench = bench
        self.bench.run_to(1.05, self.peers.values())

    def reload(self, names: tuple[str, ...] | None = None) -> None:
        """The core is given a file with these nodes; the new ones unless said."""
        self.bench.give(inputs.Reconfigure(quorum(self.node, names or self.new)))
        self.pass_time()

    def say(self, names: Iterable[str], *said: tuple[str, ...]) -> None:
        """These peers say this of sets of voters; one beat of all is heard."""
        for name in names:
            self.peers[name].voters = sets(*said)
        self.pass_time()

    def pass_time(self, seconds: float = 0.11) -> None:
        """Let all peers beat, as long as they are in the file."""
        known = self.bench.core.state.peers
        self.bench.run_to(
            self.bench.now + seconds, [peer for name, peer in self.peers.items() if name in known]
        )

    def expect(self, *said: tuple[str, ...]) -> None:
        """The newest beat says this of sets of voters."""
        names: dict[int, object] = {hash_of(one): one for one in (self.old, self.new, THREE, FOUR, FIVE)}
        names[NO_SET] = ()
        self.assertEqual(tuple(names[one] for one in self.bench.last_beat().word.voters), said)

    def promised(self) -> tuple[int | None, int | None]:
        """What the newest beat promises."""
        (said,) = self.bench.last_beat().word.services
        return said.promised_term, said.promised_to

    def kept(self) -> d.StoreVoters:
        """What was to be kept on the disk last."""
        return self.bench.of(d.StoreVoters)[-1]


class StepTests(Case):
    """The three steps, as one voter takes them."""

    def test_nothing_to_change(self) -> None:
        """The order in which a file lists its nodes does not matter, and neither does the same file again."""
        self.reload(tuple(reversed(self.old)))
        self.expect(self.old)

    def test_first(self) -> None:
        """With a changed file alone it says that it has both sets, and votes under the old one as before."""
        self.reload()
        self.expect(self.old, self.new)
        self.peers["alpha"].service_flags, self.peers["alpha"].term = ASKING, TERM
        self.pass_time()
        self.assertEqual(self.promised(), (TERM, name_hash("alpha")))
        self.pass_time(20)
        self.expect(self.old, self.new)

    def test_second(self) -> None:
        """It votes under neither set once a majority of the old one has the new one, itself included."""
        self.reload()
        self.say(["alpha"], self.old, self.new)
        self.expect(self.old, self.new)
        self.say(["alpha", "beta"], self.old, self.new)
        self.expect((), self.new, self.old)

    def test_votes_under_neither(self) -> None:
        """Between two sets nobody's question is answered, and nobody's votes count."""
        self.reload()
        self.say(["alpha", "beta"], self.old, self.new)
        for said in ((self.old, self.new), ((), self.new, self.old), (self.new,)):
            self.peers["alpha"].service_flags, self.peers["alpha"].term = ASKING, TERM
            self.say(["alpha"], *said)
            self.expect((), self.new, self.old)
            self.assertEqual(self.promised(), (None, None))
            self.assertEqual(self.bench.core.tenures._majority.heard(), ())

    def test_third(self) -> None:
        """It votes under the new set once a majority of the old one votes under that no more, and says so."""
        self.reload()
        self.say(["alpha", "beta"], self.old, self.new)
        self.say(["alpha"], (), self.new, self.old)
        self.expect((), self.new, self.old)
        self.say(["beta"], (), self.new, self.old)
        self.expect(self.new)
        told = self.bench.reported("configuration")[-1]
        self.assertEqual(told.reason, "from now on these vote: alpha, beta, watcher")
        self.assertEqual(told.fields["voters"], list(self.new))

    def test_who_is_not_heard_has_nothing(self) -> None:
        """A node that is dead by now does not count as having the new set, whatever it said last."""
        self.reload()
        self.say(["alpha"], self.old, self.new)
        quiet = self.peers.pop("alpha")
        self.pass_time(2)
        self.assertEqual(self.bench.life("alpha"), "dead")
        self.say(["beta"], self.old, self.new)
        self.expect(self.old, self.new)
        self.peers["alpha"] = quiet
        self.pass_time()
        self.expect((), self.new, self.old)

    def test_on_disk_first(self) -> None:
        """It goes between the sets only once the step is on its disk, and not at all where it cannot be."""
        self.bench.keeps = False
        self.reload()
        self.say(["alpha", "beta"], self.old, self.new)
        self.pass_time(5)
        self.expect(self.old, self.new)
        self.assertEqual(self.kept(), d.StoreVoters(self.old, self.new))
        self.bench.give(inputs.VotersKept(self.new))
        self.expect((), self.new, self.old)

    def test_what_is_kept(self) -> None:
        """The disk has the set in force, and from the second step to the third also the next one."""
        self.assertEqual(self.kept(), d.StoreVoters(self.old, ()))
        self.reload()
        self.assertEqual(self.kept(), d.StoreVoters(self.old, ()))
        self.say(["alpha", "beta"], self.old, self.new)
        self.assertEqual(self.kept(), d.StoreVoters(self.old, self.new))
        self.say(["alpha", "beta"], (), self.new, self.old)
        self.assertEqual(self.kept(), d.StoreVoters(self.new, ()))

    def beating(self) -> list[FakePeer]:
        """Those that are in both files."""
        return [peer for name, peer in self.peers.items() if name in THREE]

    def test_question_that_is_open(self) -> None:
        """A vote that may still bring the service to who asks for it holds up the second step."""
        self.peers["alpha"].service_flags, self.peers["alpha"].term = ASKING, TERM
        self.pass_time()
        self.assertEqual(self.promised(), (TERM, name_hash("alpha")))
        self.reload()
        self.say(["alpha", "beta"], self.old, self.new)
        self.pass_time(3)
        self.expect(self.old, self.new)
        self.peers["alpha"].service_flags = IDLE
        self.pass_time()
        self.expect((), self.new, self.old)

    def test_claim_holds_up_nothing(self) -> None:
        """Who claims the service asks no more: the second step is taken at once."""
        self.peers["alpha"].service_flags, self.peers["alpha"].term = ASKING, TERM
        self.pass_time()
        self.peers["alpha"].service_flags = HOLDING
        self.reload()
        self.say(["alpha", "beta"], self.old, self.new)
        self.expect((), self.new, self.old)

    def test_claim_is_adopted_at_once(self) -> None:
        """Who held the service by the old set is promised it under the new one without delay."""
        self.go_over()
        self.peers["alpha"].service_flags, self.peers["alpha"].term = HOLDING, TERM
        self.pass_time()
        self.assertEqual(self.promised(), (TERM, name_hash("alpha")))

    def test_no_promise_for_a_wait(self) -> None:
        """Under the new set nothing is promised to who asks before the longest `wait` has passed."""
        self.go_over()
        promises_from = self.bench.core.tenures.all[0].promises_from
        self.assertTrue(0.5 < promises_from - self.bench.now <= 1.0)
        self.peers["alpha"].service_flags, self.peers["alpha"].term = ASKING, TERM
        self.bench.run_to(promises_from - 0.01, self.beating())
        self.assertEqual(self.promised(), (None, None))
        self.bench.run_to(promises_from + 0.15, self.beating())
        self.assertEqual(self.promised(), (TERM, name_hash("alpha")))

    def go_over(self) -> None:
        """All three steps; the new set is in force everywhere."""
        self.reload()
        self.say(["alpha", "beta"], self.old, self.new)
        self.say(["alpha", "beta"], (), self.new, self.old)
        self.say(["alpha", "beta"], self.new)
        self.expect(self.new)


class SilentQuestionTests(Case):
    """A vote for somebody who is not heard any more."""

    old = FIVE
    new: tuple[str, ...] = ("alpha", "beta", "watcher", "new")

    def setUp(self) -> None:
        super().setUp()
        self.peers["alpha"].service_flags, self.peers["alpha"].term = ASKING, TERM
        self.pass_time()
        self.assertEqual(self.promised(), (TERM, name_hash("alpha")))

    def expect_wait(self) -> None:
        """The second step is taken `wait` after alpha's last beat."""
        asked_at = self.bench.now // 0.1 / 10
        del self.peers["alpha"]
        self.reload()
        self.say(set(self.peers) & {"beta", "new"}, self.old, self.new)
        rest = [peer for name, peer in self.peers.items() if name in self.new]
        self.bench.run_to(asked_at + 0.98, rest)
        self.expect(self.old, self.new)
        self.bench.run_to(asked_at + 1.12, rest)
        self.expect((), self.new, self.old)

    def test_dead(self) -> None:
        """It may hold the service by now: the second step is taken `wait` after its last beat."""
        self.expect_wait()

    def test_removed(self) -> None:
        """So it is where it is the one that the new set does not have."""
        self.new = ("beta", "watcher", "new")
        self.expect_wait()


class RemovedTests(Case):
    """The promised node is the one that the new file does not have."""

    new = ("beta", "watcher", "other")

    def setUp(self) -> None:
        super().setUp()
        lan = [link for link in quorum(self.node, self.old).links if link.name == "lan"]
        # With one link nobody passes beats on: then those that bring no news cause no look at the rules.
        self.begin(Bench(replace(quorum(self.node, self.old), links=tuple(lan))))

    def test_heard_until_then(self) -> None:
        """Its last beat is that which was heard last before, also where that one brought no news."""
        self.peers["alpha"].service_flags, self.peers["alpha"].term = ASKING, TERM
        self.pass_time()
        self.peers["alpha"].service_flags = HOLDING
        self.pass_time(1)
        heard_at = self.bench.core.state.peers["alpha"].heard_at
        self.reload()
        self.peers["beta"].service_flags, self.peers["beta"].term = ASKING, TERM + 1
        rest = (self.peers["beta"], self.peers["other"])
        self.bench.run_to(heard_at + 0.98, rest)
        self.assertEqual(self.promised(), (TERM, name_hash("alpha")))
        self.bench.run_to(heard_at + 1.12, rest)
        self.assertEqual(self.promised(), (TERM + 1, name_hash("beta")))


class GrowingTests(Case):
    """Two more voters."""

    old = THREE
    new = FIVE

    def test_majority_of_both(self) -> None:
        """The second step needs a majority of each set: the old one's alone is not enough."""
        self.reload()
        self.say(["alpha"], self.old, self.new)
        self.expect(self.old, self.new)
        self.say(["new"], self.old, self.new)
        self.expect((), self.new, self.old)

    def test_majority_of_the_new_alone(self) -> None:
        """Nor is a majority of the new one, most of them newcomers."""
        self.reload()
        self.say(["new", "newer"], self.old, self.new)
        self.pass_time(5)
        self.expect(self.old, self.new)

    def test_newcomers_do_not_free_the_old_set(self) -> None:
        """Only those who voted under the old set can stop to: newcomers do not count for the third step."""
        self.reload()
        self.say(["alpha", "new", "newer"], self.old, self.new)
        self.say(["new", "newer"], (), self.new, self.old)
        self.pass_time(5)
        self.expect((), self.new, self.old)
        self.say(["alpha"], (), self.new, self.old)
        self.expect(self.new)

    def test_newcomer_is_no_voter_before(self) -> None:
        """A newcomer's votes are none under the old set, though it says that set."""
        self.reload()
        self.say(self.peers, self.old)
        heard = self.bench.core.tenures._majority.heard()
        self.assertEqual(set(heard), set(self.old))


class TooManyTests(SynchronousTestCase):
    """Newcomers, which know nothing of the set in force."""

    def test_half(self) -> None:
        """Half of the next set may not be new to it, and less may."""
        self.assertFalse(too_many_newcomers(THREE, FOUR))
        self.assertFalse(too_many_newcomers(THREE, (*THREE, "d", "e")))
        self.assertTrue(too_many_newcomers(THREE, (*THREE, "d", "e", "f")))
        self.assertTrue(too_many_newcomers(("alpha",), ("alpha", "beta")))


class TooFewTests(SynchronousTestCase):
    """Who is left of a set."""

    def test_majority(self) -> None:
        """Those who are left must be a majority of it, however few they are in the next one."""
        five = tuple("abcde")
        self.assertFalse(too_few_left(five, ("a", "b", "c")))
        self.assertFalse(too_few_left(five, ("a", "b", "c", "x", "y")))
        self.assertTrue(too_few_left(five, ("a", "b", "x")))
        self.assertTrue(too_few_left(("a", "b"), ("a",)))


class NeverTests(Case):
    """A set of which half know nothing of the one before."""

    old = THREE
    new = ("alpha", "watcher", "new", "newer")

    def test_never(self) -> None:
        """It is not voted under, though every node has it."""
        self.reload()
        self.say(self.peers, self.old, self.new)
        self.pass_time(5)
        self.expect(self.old, self.new)


class AwayTests(Case):
    """A node that was not there while the others changed."""

    def test_in_force_elsewhere(self) -> None:
        """It follows a set under which a majority of its members votes, without the others' first steps."""
        self.reload()
        self.say(["alpha", "beta"], self.new)
        self.pass_time(1.2)  # its own disk, and questions that it has answered
        self.expect(self.new)

    def test_others_have_gone_elsewhere(self) -> None:
        """Those who come to the new set from another one than ours say nothing of what became of ours."""
        self.reload()
        self.say(["alpha", "beta"], self.old, self.new)
        self.expect((), self.new, self.old)
        elsewhere = ("alpha", "beta")
        for said in ((elsewhere, self.new), ((), self.new, elsewhere)):
            self.say(["alpha", "beta"], *said)
            self.pass_time(2)
            self.expect((), self.new, self.old)
        self.say(["alpha", "beta"], self.new)
        self.expect(self.new)

    def test_others_have_gone_further(self) -> None:
        """Who was between two sets while the others went on to a third follows, once it has their file."""
        self.reload()
        self.say(["alpha", "beta"], self.old, self.new)
        self.expect((), self.new, self.old)
        further = ("alpha", "beta", "watcher", "new", "newer")
        self.peers |= {name: FakePeer(name) for name in further[3:]}
        self.reload(further)
        self.say(["alpha", "beta", "new"], further)
        self.expect(further)

    def test_minority_of_it(self) -> None:
        """One of three that votes under it does not suffice."""
        self.reload()
        self.say(["alpha"], self.new)
        self.pass_time(5)
        self.expect(self.old, self.new)


class StrangersTests(Case):
    """A majority of nodes that it never heard of."""

    old = THREE
    new = ("watcher", "new", "newer")

    def test_newcomers_alone(self) -> None:
        """A set that newcomers alone vote under is not followed: they may know nothing of the old one."""
        self.reload()
        self.say(["new", "newer"], self.new)
        self.pass_time(5)
        self.expect(self.old, self.new)


class AgainTests(Case):
    """Another life, or another mind."""

    def restart(self, voters: tuple[str, ...], coming: tuple[str, ...], file: tuple[str, ...]) -> None:
        """A life that finds this on its disk, and this file."""
        for peer in self.peers.values():
            peer.voters = sets(self.old)
        self.bench = Bench(quorum(self.node, file), voters=voters, coming=coming)
        self.pass_time(1.05)

    def test_changed_file(self) -> None:
        """A start with a changed file alone does not change who votes: the set in force is the disk's."""
        self.restart(self.old, (), self.new)
        self.expect(self.old, self.new)
        self.assertEqual(self.kept(), d.StoreVoters(self.old, ()))

    def test_between(self) -> None:
        """Who was between two sets, or about to be, is between them still: it never votes under the old."""
        self.restart(self.old, self.new, self.new)
        self.expect((), self.new, self.old)
        self.say(["alpha", "beta"], (), self.new, self.old)
        self.expect(self.new)

    def test_between_with_the_old_file(self) -> None:
        """So it is where it finds the old file: that one comes after the step that was begun."""
        self.restart(self.old, self.new, self.old)
        self.expect((), self.new, self.old)
        self.say(["alpha", "beta"], (), self.new, self.old)
        self.expect(self.new, self.old)

    def test_nothing_on_disk(self) -> None:
        """A first life votes under the set of its file."""
        self.restart((), (), self.new)
        self.expect(self.new)

    def test_change_of_mind(self) -> None:
        """While it votes under the old set the file can be changed back: nothing has happened."""
        self.bench.keeps = False
        self.reload()
        self.say(["alpha", "beta"], self.old, self.new)
        self.reload(self.old)
        self.expect(self.old)
        self.assertEqual(self.kept(), d.StoreVoters(self.old, ()))
        self.bench.give(inputs.VotersKept(self.new))
        self.pass_time(2)
        self.expect(self.old)

    def test_change_of_mind_between(self) -> None:
        """Once it votes under neither it goes over first, and only then to what the file says now."""
        self.reload()
        self.say(["alpha", "beta"], self.old, self.new)
        self.reload(self.old)
        self.expect((), self.new, self.old)
        self.say(["alpha", "beta"], (), self.new, self.old)
        self.expect(self.new, self.old)


class HolderTests(Case):
    """What the holder sees of it."""

    node = "alpha"

    def setUp(self) -> None:
        super().setUp()
        while self.bench.holding() != "asking":
            self.pass_time(0.01)
        self.term = self.bench.core.tenures.all[0].term
        self.vote("beta", "watcher")
        self.assertEqual(self.bench.holding(), "starting")
        self.bench.give(inputs.Started("web", self.term))

    def vote(self, *names: str) -> None:
        """These promise alpha the service; the others promise nothing."""
        for name, peer in self.peers.items():
            peer.promises = (self.term, "alpha") if name in names else None
        self.pass_time()

    def released(self) -> list[str]:
        """Why it let go so far."""
        return [release.reason for release in self.bench.of(d.Release)]

    def go_between(self) -> float:
        """The second step; until when the votes of the old set let it hold."""
        self.reload()
        self.say([name for name in self.peers if name in self.new], self.old, self.new)
        self.expect((), self.new, self.old)
        return self.bench.core.tenures.all[0].leased_until

    def test_kept(self) -> None:
        """It holds the service all through a change, and then by the votes of the new set."""
        self.go_between()
        self.say(["beta", "watcher"], (), self.new, self.old)
        self.expect(self.new)
        self.say(["beta", "watcher"], self.new)
        self.pass_time(20)
        self.assertEqual((self.bench.holding(), self.released()), ("held", []))

    def test_lease_of_the_old_set(self) -> None:
        """Between two sets its lease is what the old one gave it, and no ack makes that longer."""
        until = self.go_between()
        self.assertTrue(0.4 < until - self.bench.now < 0.6)
        self.bench.run_to(until - 0.005, self.peers.values())
        self.assertEqual(self.released(), [])
        self.bench.run_to(until + 0.005, self.peers.values())
        self.assertEqual(self.released(), ["lease"])


class GrowingHolderTests(HolderTests):
    """Where the votes of the old set alone are no majority of the new one."""

    old = THREE
    new = FIVE

    def test_kept_without_new_votes(self) -> None:
        """What the old set leased lasts as long as it was leased, also under the new one."""
        until = self.go_between()
        self.say(["beta", "watcher"], (), self.new, self.old)
        self.expect(self.new)
        self.bench.run_to(until - 0.005, self.peers.values())
        self.assertEqual(self.released(), [])
        self.bench.run_to(until + 0.005, self.peers.values())
        self.assertEqual(self.released(), ["lease"])


class QuestionTests(Case):
    """What a candidate sees of it."""

    node = "alpha"

    def test_withdraws(self) -> None:
        """Who asks when it goes between two sets withdraws, and asks for nothing before that is over."""
        self.reload()
        while self.bench.holding() != "asking":
            self.pass_time(0.01)
        self.say(["beta", "watcher"], self.old, self.new)
        self.expect((), self.new, self.old)
        self.assertEqual(self.bench.holding(), "stopped")
        for name in ("beta", "watcher"):
            self.peers[name].promises = (self.bench.core.tenures.all[0].term, "alpha")
        self.pass_time(5)
        self.assertEqual(self.bench.of(d.TakeOver), [])
        self.assertEqual(self.bench.core.tenures.all[0].reason, "is between two sets of voters")


class ArbiterTests(Case):
    """From `trust` to `quorum` on a running node, and back."""

    node = "alpha"
    old = new = THREE

    def setUp(self) -> None:
        super().setUp()
        for peer in self.peers.values():
            peer.voters = sets(THREE)
        self.begin(Bench(quorum("alpha", THREE, "trust")))
        while self.bench.holding() != "starting":
            self.pass_time(0.01)
        self.term = self.bench.core.tenures.all[0].term
        self.bench.give(inputs.Started("web", self.term))

    def change(self, arbiter: str) -> None:
        """The core is given a file with this arbiter, which all others have."""
        self.bench.give(inputs.Reconfigure(quorum("alpha", THREE, arbiter)))

    def released(self) -> list[str]:
        """Why it let go so far."""
        return [release.reason for release in self.bench.of(d.Release)]

    def test_holder_keeps_the_service(self) -> None:
        """It has `lease` to find a majority, promises to itself, and holds on by the votes that it gets."""
        self.assertEqual(self.bench.last_beat().word.voters, ())
        self.change(QUORUM)
        self.pass_time()
        self.assertEqual(self.promised(), (self.term, name_hash("alpha")))
        self.pass_time(0.3)
        self.peers["watcher"].promises = (self.term, "alpha")
        self.pass_time(20)
        self.expect(THREE)
        self.assertEqual((self.bench.holding(), self.released()), ("held", []))
        self.assertEqual(self.kept(), d.StoreVoters(THREE, ()))

    def ask(self, arbiter: str) -> int:
        """A core with this arbiter asks for the service; the term in which it does."""
        self.bench = Bench(quorum("alpha", THREE, arbiter))
        for peer in self.peers.values():
            peer.hears = True
        self.bench.run_to(0.95, self.peers.values())
        for peer in self.peers.values():
            peer.hears = False  # so nobody agrees to anything
        self.bench.run_to(1.15, self.peers.values())
        self.assertEqual(self.bench.holding(), "asking")
        return self.bench.core.tenures.all[0].term

    def test_question_to_another_arbiter(self) -> None:
        """Who asks when the arbiter changes asks anew: what was agreed to without votes is no majority."""
        for before, after in (("trust", QUORUM), (QUORUM, "trust")):
            term = self.ask(before)
            self.change(after)
            self.bench.give(inputs.Tick())
            self.assertEqual(self.bench.of(d.TakeOver), [], after)
            self.assertEqual(self.bench.holding(), "asking")
            self.assertGreater(self.bench.core.tenures.all[0].term, term)

    def test_voter_that_begins(self) -> None:
        """Who begins to vote promises nothing to who asks for a `wait`: somebody may hold it by trust."""
        bench = Bench(quorum("beta", THREE, "trust"))
        others = (FakePeer("alpha"), FakePeer("watcher"))
        for peer in others:
            peer.voters = sets(THREE)
        bench.run_to(1.05, others)
        bench.give(inputs.Reconfigure(quorum("beta", THREE)))
        self.bench, begun = bench, bench.now
        others[0].service_flags, others[0].term = ASKING, TERM
        bench.run_to(begun + 0.98, others)
        self.assertEqual(self.promised(), (None, None))
        bench.run_to(begun + 1.02, others)
        self.assertEqual(self.promised(), (TERM, name_hash("alpha")))

    def test_holder_without_a_majority(self) -> None:
        """Without one it lets go when that time is over."""
        self.change(QUORUM)
        begun = self.bench.now
        self.bench.run_to(begun + 0.55, self.peers.values())
        self.assertEqual(self.released(), [])
        self.bench.run_to(begun + 0.65, self.peers.values())
        self.assertEqual(self.released(), ["lease"])

    def test_back(self) -> None:
        """Under `trust` again it promises nothing, says nothing of voters, keeps none, and needs no votes."""
        self.change(QUORUM)
        self.pass_time()
        self.change("trust")
        self.pass_time(20)
        self.assertEqual((self.promised(), self.bench.last_beat().word.voters), ((None, None), ()))
        self.assertEqual(self.kept(), d.StoreVoters((), ()))
        self.assertEqual((self.bench.holding(), self.released()), ("held", []))

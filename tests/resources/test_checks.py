"""What is noticed of a service that is held: by asking for its status, or by a resource itself."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from heart.interfaces import IResource
from tests.resources.fakes import TENURE, RudeResource
from tests.resources.support import FAILS, HANGS, LATER, SequenceCase


class FakesTests(SynchronousTestCase):
    """The stand-ins themselves."""

    def test_interface(self) -> None:
        """They are resources."""
        verifyObject(IResource, RudeResource())


class CheckTests(SequenceCase):
    """Asking."""

    def test_in_order(self) -> None:
        """Each is asked for its status in order, after the one before it has told; then all is well, once."""
        sequence = self.held("ab")
        self.made["a"].plans["status"] = (1, True)
        sequence.check(LATER)
        self.assertEqual(self.calls(), [("status", "a")])
        self.clock.advance(1)
        self.assertEqual(self.calls(), [("status", "a"), ("status", "b")])
        self.assertEqual(self.answers.given, [("checked", LATER, None)])

    def test_problem(self) -> None:
        """The first problem ends it; nothing is stopped."""
        sequence = self.held("abc")
        self.made["b"].plans["status"] = FAILS
        sequence.check(TENURE)
        self.assertEqual(self.calls(), [("status", "a"), ("status", "b")])
        self.assertEqual(self.answers.given, [("checked", TENURE, "b status failed")])
        self.assertEqual(self.running(), "abc")

    def test_again(self) -> None:
        """Who is told of one check may order the next there and then, and each tells of what it found."""
        sequence = self.held("a")
        self.made["a"].plans["status"] = FAILS
        sequence.check(TENURE)
        sequence.check(TENURE)
        self.assertEqual(self.answers.given, [("checked", TENURE, "a status failed")] * 2)

    def test_only_at_rest(self) -> None:
        """A check during another order is a mistake of the caller."""
        sequence = self.held("a")
        self.made["a"].plans["status"] = (1, True)
        sequence.check(TENURE)
        self.assertRaises(RuntimeError, sequence.check, TENURE)
        self.assertRaises(RuntimeError, sequence.take_over, TENURE)
        self.clock.advance(1)
        self.made["a"].plans["stop"] = (1, True)
        sequence.release(TENURE, None)
        self.assertRaises(RuntimeError, sequence.check, TENURE)
        self.assertRaises(RuntimeError, sequence.restart, TENURE)

    def test_processes_are_noted(self) -> None:
        """What runs for a status is said, so that it can be ended should the daemon be killed."""
        sequence = self.held("a")
        resource = self.made["a"]
        resource.plans["status"] = (1, True)
        self.answers.held.clear()
        sequence.check(LATER)
        asking = resource.pid
        self.clock.advance(1)
        self.assertEqual(self.answers.held, [(TENURE, (asking,)), (TENURE, ())])

    def test_release_overtakes(self) -> None:
        """A release ends the status under way, in its budget, and stops all; the check is not answered."""
        sequence = self.held("ab")
        self.made["a"].plans["status"] = HANGS
        sequence.check(TENURE)
        self.clock.advance(0.1)
        sequence.release(LATER, 0.3)
        self.pass_time(0.3)
        expected = [("status", "a"), ("interrupt", "a"), ("stop", "b"), ("stop", "a")]
        self.assertEqual(self.calls(), expected)
        self.assertEqual(self.answers.given, [("released", LATER, True, "")])
        self.assertLessEqual(self.answers.times[-1], 0.4)

    def test_patient_release_overtakes(self) -> None:
        """So does one without a budget: it waits a second at most for what changes nothing."""
        sequence = self.held("a")
        self.made["a"].plans["status"] = HANGS
        sequence.check(TENURE)
        sequence.release(LATER, None)
        self.assertEqual(self.diary[1], ("interrupt", "a", 0.95))
        self.pass_time(1)
        self.assertEqual(self.answers.given, [("released", LATER, True, "")])

    def test_release_overtakes_the_rude(self) -> None:
        """A status that cannot be ended does not keep the others from being stopped in time."""
        polite = self.resource("a")
        sequence = self.make(polite)
        sequence.take_over(TENURE)
        self.patch(polite, "status", RudeResource().status)
        self.patch(polite, "interrupt", RudeResource().interrupt)
        sequence.check(TENURE)
        sequence.release(LATER, 0.3)
        self.pass_time(0.3)
        self.assertEqual(self.answers.given[1:], [("released", LATER, True, "")])
        self.assertLessEqual(self.answers.times[-1], 0.3)

    def test_restart_overtakes(self) -> None:
        """So does a restart; a release that comes before it has begun takes the place of both."""
        sequence = self.held("a")
        self.made["a"].plans["status"] = HANGS
        sequence.check(TENURE)
        sequence.restart(LATER)
        self.pass_time(1)
        expected = [("status", "a"), ("interrupt", "a"), ("stop", "a"), ("start", "a")]
        self.assertEqual(self.calls(), expected)
        self.assertEqual(self.answers.given, [("started", LATER)])
        self.answers.given.clear()
        sequence.check(TENURE)
        sequence.restart(TENURE)
        self.assertRaises(RuntimeError, sequence.restart, TENURE)
        sequence.release(LATER, 0.3)
        self.pass_time(0.3)
        self.assertEqual(self.answers.given, [("released", LATER, True, "")])
        self.assertEqual(self.running(), "")


class LostTests(SequenceCase):
    """A resource tells by itself that it does not run any more."""

    def test_held(self) -> None:
        """While nothing is under way this is told as if a check had found it, once."""
        self.held("ab")
        self.made["b"].lose("b was deleted")
        self.made["b"].lose("b was deleted")
        self.assertEqual(self.answers.given, [("checked", TENURE, "b was deleted")])

    def test_another(self) -> None:
        """Another one that is lost later is news again."""
        self.held("ab")
        self.made["b"].lose("b was deleted")
        self.made["a"].lose("a was deleted")
        self.assertEqual(
            self.answers.given, [("checked", TENURE, "b was deleted"), ("checked", TENURE, "a was deleted")]
        )

    def test_not_held(self) -> None:
        """What was not begun, or has been stopped, or could not be stopped, cannot be lost."""
        sequence = self.of("a")
        self.made["a"].lose()
        sequence.take_over(TENURE)
        self.made["a"].plans["stop"] = FAILS
        sequence.release(TENURE, None)
        self.made["a"].lose()
        sequence.release(TENURE, None)
        self.made["a"].lose()
        self.assertEqual({answer[0] for answer in self.answers.given}, {"started", "released"})

    def test_while_checking(self) -> None:
        """The check under way ends at once, with this; it is answered once."""
        sequence = self.held("ab")
        self.made["a"].plans["status"] = HANGS
        sequence.check(LATER)
        self.made["b"].lose("b was deleted")
        self.pass_time(1)
        self.assertEqual(self.calls(), [("status", "a"), ("interrupt", "a")])
        self.assertEqual(self.answers.given, [("checked", LATER, "b was deleted")])

    def test_found_by_the_status_too(self) -> None:
        """What it and the status tell of the same resource is told once."""
        sequence = self.held("a")
        self.made["a"].plans["status"] = (0.5, False)
        sequence.check(LATER)
        self.made["a"].lose("a was deleted")
        self.pass_time(1)
        self.assertEqual(self.answers.given, [("checked", LATER, "a was deleted")])

    def test_checking_and_released(self) -> None:
        """A release that comes then is answered alone, and what was lost is forgotten."""
        sequence = self.held("a")
        self.made["a"].plans["status"] = HANGS
        sequence.check(TENURE)
        self.made["a"].lose()
        sequence.release(LATER, 0.3)
        self.pass_time(0.3)
        sequence.take_over(LATER)
        self.assertEqual(self.answers.given, [("released", LATER, True, ""), ("started", LATER)])

    def test_before_its_turn_has_passed(self) -> None:
        """During a start, what tells of its own start, or has not had its turn, says nothing new."""
        sequence = self.of("ab")
        self.made["a"].plans["start"] = (1, True)
        sequence.take_over(TENURE)
        self.made["a"].lose()
        self.made["b"].lose()
        self.clock.advance(1)
        self.assertEqual(self.answers.given, [("started", TENURE)])

    def test_earlier_one_during_a_start(self) -> None:
        """One that runs already, and is lost while a later one starts, is told of when that has started."""
        sequence = self.of("ab")
        self.made["b"].plans["start"] = (1, True)
        sequence.take_over(TENURE)
        self.made["a"].lose("a was deleted")
        self.assertEqual(self.answers.given, [])
        self.clock.advance(1)
        self.assertEqual(self.answers.given, [("started", TENURE), ("checked", TENURE, "a was deleted")])

    def test_earlier_one_and_the_start_fails(self) -> None:
        """Where the start fails all the same, only that is told."""
        sequence = self.of("ab")
        self.made["b"].plans["start"] = (1, False)
        sequence.take_over(TENURE)
        self.made["a"].lose()
        self.clock.advance(1)
        self.assertEqual(self.answers.given, [("start_failed", TENURE, "b start failed", True)])

    def test_earlier_one_and_released_at_once(self) -> None:
        """Nor is it told where whoever hears of the start orders a release there and then."""
        sequence = self.of("ab")
        self.made["b"].plans["start"] = (1, True)
        self.patch(self.answers, "started", lambda tenure: sequence.release(LATER, None))
        sequence.take_over(TENURE)
        self.made["a"].lose()
        self.clock.advance(1)
        self.assertEqual(self.answers.given, [("released", LATER, True, "")])

    def test_well_again(self) -> None:
        """Once a check finds that all run, a loss is news again."""
        sequence = self.held("a")
        self.made["a"].lose()
        sequence.check(TENURE)
        self.made["a"].lose("gone again")
        self.assertEqual(
            self.answers.given,
            [("checked", TENURE, "gone"), ("checked", TENURE, None), ("checked", TENURE, "gone again")],
        )


class HinderedTests(SequenceCase):
    """What a resource says of this node, whether it is held or not."""

    def test_once(self) -> None:
        """The first that is hindered speaks for the service; each change is told once."""
        self.of("ab")
        a, b = self.made["a"], self.made["b"]
        b.hinder("no carrier")
        b.hinder("no carrier")
        a.hinder("not there")
        a.hinder(None)
        b.hinder("down")
        b.hinder(None)
        b.hinder(None)
        told = [("hindered", "site", why) for why in ("no carrier", "not there", "no carrier", "down", None)]
        self.assertEqual(self.answers.given, told)

    def test_held(self) -> None:
        """It is told while held, and while something is under way, too."""
        sequence = self.held("a")
        self.made["a"].plans["stop"] = (1, True)
        sequence.release(TENURE, None)
        self.made["a"].hinder("no carrier")
        self.assertEqual(self.answers.given, [("hindered", "site", "no carrier")])

    def test_contested(self) -> None:
        """That another machine claims the same is passed on each time."""
        self.held("a")
        for user in self.made["a"].users * 2:
            user.contested(self.made["a"], "claimed by 02::1")
        self.assertEqual(self.answers.given, [("contested", "site", "claimed by 02::1")] * 2)

    def test_watched_once(self) -> None:
        """However often it is told to watch, each resource is watched once (it would raise)."""
        sequence = self.of("a")
        sequence.watch()
        self.assertEqual(len(self.made["a"].users), 1)

    def test_not_watched_before(self) -> None:
        """Before that nobody is listened to."""
        resource = self.resource("a")
        self.make(resource)
        self.assertEqual(resource.users, [])

    def test_rude(self) -> None:
        """A resource that raises when it is watched, or closed, does not keep the others from it."""
        polite = self.resource("a")
        sequence = self.make(RudeResource(), polite)
        sequence.watch()
        self.assertEqual(len(polite.users), 1)
        sequence.close()
        self.assertTrue(polite.closed)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)

    def test_closed(self) -> None:
        """After the end nothing is told any more."""
        sequence = self.of("a")
        sequence.close()
        self.made["a"].hinder("no carrier")
        self.made["a"].users[0].contested(self.made["a"], "claimed")
        self.assertEqual((self.made["a"].closed, self.answers.given), (True, []))

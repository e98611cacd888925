"""The resources of a service: in order, in reverse, within the budget, each order answered once."""

from __future__ import annotations

from typing import Any

from heart.interfaces import Tenure
from tests.resources.fakes import TENURE, RudeResource
from tests.resources.support import FAILS, HANGS, LATER, STOP, WELL, SequenceCase


class TakeOverTests(SequenceCase):
    """Starting, and undoing a start."""

    def test_in_order(self) -> None:
        """Everything is started in order, each after the one before it; then this is said, once."""
        sequence = self.make(self.resource("a", (1, True)), self.resource("b", (1, True)), self.resource("c"))
        sequence.take_over(TENURE)
        self.assertEqual(self.calls(), [("start", "a")])
        self.clock.advance(1)
        self.assertEqual(self.calls(), [("start", "a"), ("start", "b")])
        self.assertEqual(self.answers.given, [])
        self.clock.advance(1)
        self.assertEqual(self.answers.given, [("started", TENURE)])

    def test_nothing(self) -> None:
        """A service without resources is taken over and released."""
        sequence = self.make()
        sequence.take_over(TENURE)
        sequence.release(TENURE, 1)
        self.assertEqual(self.answers.given, [("started", TENURE), ("released", TENURE, True, "")])

    def test_undone(self) -> None:
        """Where one fails, it and those before it are stopped in reverse; those after it are left alone."""
        sequence = self.make(self.resource("a"), self.resource("b", FAILS), self.resource("c"))
        sequence.take_over(TENURE)
        self.assertEqual(self.calls(), [("start", "a"), ("start", "b"), ("stop", "b"), ("stop", "a")])
        self.assertEqual(self.answers.given, [("start_failed", TENURE, "b start failed", True)])

    def test_not_undone(self) -> None:
        """Undoing has the service's own budget; what does not stop is not clean, and said."""
        sequence = self.make(self.resource("a"), self.resource("b", FAILS, HANGS))
        sequence.take_over(TENURE)
        self.pass_time(STOP)
        (answer,) = self.answers.given
        self.assertEqual(answer[1:], (TENURE, "b start failed; b stop failed", False))
        self.assertEqual(self.calls()[-1], ("stop", "a"))
        self.assertLessEqual(self.answers.times[0], STOP)

    def test_raises(self) -> None:
        """A resource that raises instead of failing has failed."""
        broken = self.resource("a")
        self.patch(broken, "start", lambda tenure: 1 / 0)
        self.make(broken).take_over(TENURE)
        self.assertEqual(self.answers.given, [("start_failed", TENURE, "a: division by zero", True)])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_one_order_at_a_time(self) -> None:
        """A take-over ordered during another, or during a release, is a mistake of the caller."""
        sequence = self.make(self.resource("a", (1, True), (1, True)))
        sequence.take_over(TENURE)
        self.assertRaises(RuntimeError, sequence.take_over, TENURE)
        self.clock.advance(1)
        sequence.release(TENURE, None)
        self.assertRaises(RuntimeError, sequence.take_over, TENURE)
        self.assertRaises(RuntimeError, sequence.release_leftovers, TENURE, None)

    def test_again_at_once(self) -> None:
        """Who is told that it is released may order the next take-over there and then."""
        resource = self.resource("a")
        sequence = self.make(resource)
        self.patch(self.answers, "released", lambda tenure, clean, reason: sequence.take_over(LATER))
        sequence.take_over(TENURE)
        sequence.release(TENURE, None)
        self.assertEqual(self.answers.given, [("started", TENURE), ("started", LATER)])

    def test_announce(self) -> None:
        """Every resource is asked to announce itself."""
        first, second = self.resource("a"), self.resource("b")
        self.make(first, second).announce()
        self.assertEqual((first.announced, second.announced), (1, 1))


class ReleaseTests(SequenceCase):
    """Stopping, and what overtakes what."""

    def test_in_reverse(self) -> None:
        """What was started is stopped in reverse, each in its own time where no budget is given."""
        sequence = self.make(self.resource("a"), self.resource("b", stop=(7, True)))
        sequence.take_over(TENURE)
        sequence.release(LATER, None)
        self.assertEqual(self.diary[2:], [("stop", "b", None)])
        self.clock.advance(7)
        self.assertEqual(self.diary[3:], [("stop", "a", None)])
        self.assertEqual(self.answers.given[1:], [("released", LATER, True, "")])

    def test_nothing_begun(self) -> None:
        """A release of what was never taken over is clean at once, and stops nothing."""
        self.make(self.resource("a")).release(TENURE, 1)
        self.assertEqual((self.calls(), self.answers.given), ([], [("released", TENURE, True, "")]))

    def test_one_fails(self) -> None:
        """One that fails to stop keeps no other from being stopped; all reasons are said."""
        sequence = self.make(
            self.resource("a", stop=FAILS), self.resource("b"), self.resource("c", stop=FAILS)
        )
        sequence.take_over(TENURE)
        sequence.release(TENURE, None)
        self.assertEqual(self.calls()[3:], [("stop", "c"), ("stop", "b"), ("stop", "a")])
        self.assertEqual(
            self.answers.given[1:], [("released", TENURE, False, "c stop failed; a stop failed")]
        )

    def test_what_failed_is_tried_again(self) -> None:
        """A second release tries what the first could not stop, and nothing else."""
        failing = self.resource("a", stop=FAILS)
        sequence = self.make(failing, self.resource("b"))
        sequence.take_over(TENURE)
        sequence.release(TENURE, None)
        failing.plans["stop"] = WELL
        self.diary.clear()
        sequence.release(TENURE, None)
        self.assertEqual(self.calls(), [("stop", "a")])
        self.assertEqual(self.answers.given[-1], ("released", TENURE, True, ""))

    def test_one_hangs(self) -> None:
        """One that hangs costs its share of the budget, not the chance of those after it."""
        sequence = self.make(self.resource("a", stop=(0.03, True)), self.resource("b", stop=HANGS))
        sequence.take_over(TENURE)
        sequence.release(TENURE, 0.3)
        self.pass_time(0.3)
        self.assertEqual(self.answers.given[1:], [("released", TENURE, False, "b stop failed")])
        self.assertLessEqual(self.answers.times[1], 0.3)

    def test_alone(self) -> None:
        """A single resource is told of nearly the whole budget."""
        sequence = self.make(self.resource("a"))
        sequence.take_over(TENURE)
        sequence.release(TENURE, 1.0)
        self.assertEqual(self.diary[1:], [("stop", "a", 0.95)])

    def test_rude(self) -> None:
        """A resource that never ends and ignores its budget does not hold up the answer."""
        polite = self.resource("a")
        sequence = self.make(polite, RudeResource())
        sequence.take_over(TENURE)
        sequence.release(TENURE, 0.3)
        self.pass_time(0.3)
        self.assertEqual(self.answers.given, [("released", TENURE, False, "rude: did not end in time")])
        self.assertFalse(polite.runs)

    def test_during_take_over(self) -> None:
        """A release interrupts the start under way; the take-over is not answered."""
        sequence = self.make(self.resource("a"), self.resource("b", HANGS), self.resource("c"))
        sequence.take_over(TENURE)
        sequence.release(LATER, 0.3)
        self.pass_time(0.3)
        expected = [("start", "a"), ("start", "b"), ("interrupt", "b"), ("stop", "b"), ("stop", "a")]
        self.assertEqual(self.calls(), expected)
        self.assertEqual(self.answers.given, [("released", LATER, True, "")])
        self.assertLessEqual(self.answers.times[0], 0.3)

    def test_during_take_over_without_budget(self) -> None:
        """Without a budget too, the start is interrupted and the stops have their own time."""
        sequence = self.make(self.resource("a", HANGS, (20, True)))
        sequence.take_over(TENURE)
        sequence.release(LATER, None)
        self.clock.pump([9.0, 20.0])
        self.assertEqual(self.answers.given, [("released", LATER, True, "")])
        self.assertEqual(self.diary[2:], [("stop", "a", None)])

    def test_overtakes(self) -> None:
        """An emergency overtakes a planned stop: that is interrupted and made again; one answer for both."""
        sequence = self.make(self.resource("a"), self.resource("b", stop=(0.1, True)))
        sequence.take_over(TENURE)
        resource_stop = self.diary
        sequence.release(TENURE, None)
        self.clock.advance(0.05)
        sequence.release(LATER, 0.3)
        self.pass_time(0.3)
        actions = [("stop", "b"), ("interrupt", "b"), ("stop", "a")]
        self.assertEqual(self.calls()[2:], actions)  # it ended by itself before it was interrupted
        self.assertIsNone(resource_stop[2][2])
        self.assertEqual(self.answers.given[1:], [("released", LATER, True, "")])

    def test_overtakes_what_hangs(self) -> None:
        """Where the interrupted stop did not end by itself, it is made again with a budget."""
        sequence = self.make(self.resource("a"), self.resource("b", stop=(5, True)))
        sequence.take_over(TENURE)
        sequence.release(TENURE, None)
        self.clock.advance(1)
        sequence.release(LATER, 0.3)
        self.pass_time(0.3)
        actions = [("stop", "b"), ("interrupt", "b"), ("stop", "b"), ("stop", "a")]
        self.assertEqual(self.calls()[2:], actions)
        self.assertEqual(self.answers.given[1:], [("released", LATER, False, "b stop failed")])
        self.assertLessEqual(self.answers.times[1], 1.3)

    def test_patient_release_joins(self) -> None:
        """A release without a budget, or with a greater one, does not loosen one with a budget."""
        sequence = self.make(self.resource("a", stop=HANGS))
        sequence.take_over(TENURE)
        sequence.release(TENURE, 0.3)
        sequence.release(LATER, None)
        sequence.release(LATER, 60)
        self.pass_time(0.3)
        self.assertEqual(self.calls()[1:], [("stop", "a")])
        self.assertEqual(self.answers.given[1:], [("released", LATER, False, "a stop failed")])

    def test_next_release_has_its_own_time(self) -> None:
        """The budget of an earlier release does not bind a later one."""
        sequence = self.make(self.resource("a"))
        sequence.take_over(TENURE)
        sequence.release(TENURE, 0.3)
        sequence.take_over(LATER)
        self.clock.advance(10)
        sequence.release(LATER, None)
        self.assertEqual(self.diary[-1], ("stop", "a", None))

    def test_during_a_start_that_succeeds(self) -> None:
        """Where the interrupted start succeeds all the same, nothing more is started."""
        sequence = self.make(self.resource("a", (0.01, True)), self.resource("b"))
        sequence.take_over(TENURE)
        sequence.release(LATER, 0.3)
        self.pass_time(0.3)
        self.assertEqual(self.calls(), [("start", "a"), ("interrupt", "a"), ("stop", "a")])
        self.assertEqual(self.answers.given, [("released", LATER, True, "")])

    def test_during_undoing(self) -> None:
        """A release that comes while a failed start is undone is what is answered."""
        sequence = self.make(self.resource("a", FAILS, (0.1, True)))
        sequence.take_over(TENURE)
        sequence.release(LATER, None)
        self.clock.advance(0.1)
        self.assertEqual(self.answers.given, [("released", LATER, True, "")])

    def test_leftovers(self) -> None:
        """What an earlier daemon may have left is stopped in reverse, though nothing was started here."""
        sequence = self.make(self.resource("a"), self.resource("b"))
        sequence.release_leftovers(TENURE, 0.3)
        self.assertEqual(self.calls(), [("stop", "b"), ("stop", "a")])
        self.assertEqual(self.answers.given, [("released", TENURE, True, "")])

    def test_ledger(self) -> None:
        """What is held, and whose processes run, is said before anything is started and as it changes."""
        resource = self.resource("a", (1, True), (1, True))
        sequence = self.make(resource)
        started: list[int] = []
        begin = resource.start

        def start(tenure: Tenure) -> Any:
            started.append(len(self.answers.held))
            return begin(tenure)

        self.patch(resource, "start", start)
        sequence.take_over(TENURE)
        starting = resource.pid
        self.clock.advance(1)
        sequence.release(LATER, None)
        stopping = resource.pid
        self.clock.advance(1)
        self.assertEqual(started, [1])
        expected = [(TENURE, ()), (TENURE, (starting,)), (TENURE, ()), (LATER, ()), (LATER, (stopping,))]
        self.assertEqual(self.answers.held, [*expected, (LATER, ()), (None, ())])

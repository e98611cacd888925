"""The resources of a service: in order, in reverse, within the budget, each order answered once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from heart.interfaces import IResource, Tenure
from heart.resources.sequence import Sequence
from tests.resources.fakes import TENURE, FakeResource, RudeResource

LATER = replace(TENURE, term=8, reason="lease")
WELL, FAILS = (0.0, True), (0.0, False)
HANGS = (None, False)
STOP = 0.3


class Answers:
    """Notes how orders ended, and what was said to be held."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.given: list[tuple[Any, ...]] = []
        self.times: list[float] = []
        self.held: list[tuple[Tenure | None, tuple[int, ...]]] = []

    def started(self, tenure: Tenure) -> None:
        """It runs."""
        self._note("started", tenure)

    def start_failed(self, tenure: Tenure, reason: str, clean: bool) -> None:
        """It does not."""
        self._note("start_failed", tenure, reason, clean)

    def released(self, tenure: Tenure, clean: bool, reason: str) -> None:
        """It does no more."""
        self._note("released", tenure, clean, reason)

    def changed(self, tenure: Tenure | None, pids: tuple[int, ...]) -> None:
        """For the ledger."""
        self.held.append((tenure, pids))

    def _note(self, *answer: object) -> None:
        self.given.append(answer)
        self.times.append(self.clock.seconds())


class SequenceCase(SynchronousTestCase):
    """Makes sequences."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.diary: list[tuple[str, str, float | None]] = []
        self.answers = Answers(self.clock)

    def resource(self, label: str, start: Any = WELL, stop: Any = WELL) -> FakeResource:
        """One that starts and stops so."""
        return FakeResource(self.clock, self.diary, label, start, stop)

    def make(self, *resources: IResource) -> Sequence:
        """Their sequence."""
        return Sequence(self.clock, resources, STOP, self.answers, self.answers.changed)

    def calls(self) -> list[tuple[str, str]]:
        """What the resources were asked for."""
        return [(action, label) for action, label, _ in self.diary]

    def pass_time(self, seconds: float) -> None:
        """In small steps."""
        self.clock.pump([0.01] * round(seconds / 0.01))


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


times = st.none() | st.sampled_from([0.0, 0.01, 0.1, 1.0, 5.0])
plans = st.tuples(times, st.booleans())
orders = st.tuples(
    st.sampled_from([0.0, 0.005, 0.05, 0.5, 3.0]),
    st.sampled_from(["take_over", "release", "leftovers"]),
    st.none() | st.sampled_from([0.1, 0.3, 2.0]),
)


class Model:
    """Gives orders to a sequence, and checks what must be true of its answers whatever happens."""

    def __init__(self, plans: list[tuple[Any, Any]], test: SynchronousTestCase) -> None:
        self.clock, self.test = Clock(), test
        self.diary: list[tuple[str, str, float | None]] = []
        self.resources = [
            FakeResource(self.clock, self.diary, str(number), start, stop)
            for number, (start, stop) in enumerate(plans)
        ]
        self.held: tuple[Tenure | None, tuple[int, ...]] = (None, ())
        self.sequence = Sequence(self.clock, self.resources, STOP, self, self.changed)
        self.awaited: str | None = None
        self.deadline: float | None = None
        self.began = 0
        self.orders = self.answers = 0

    def order(self, kind: str, budget: float | None) -> None:
        """Give an order, if it may be given now."""
        if kind == "release":
            self._release(budget)
            self.sequence.release(LATER, budget)
        elif self.awaited is None:
            self.began, self.orders = len(self.diary), self.orders + 1
            if kind == "take_over":
                self.awaited = "take_over"
                self.sequence.take_over(TENURE)
            else:
                self.awaited, self.deadline = "release", budget and self.clock.seconds() + budget
                self.sequence.release_leftovers(LATER, budget)

    def _release(self, budget: float | None) -> None:
        if self.awaited is None:
            self.began, self.orders = len(self.diary), self.orders + 1
        self.awaited = "release"
        if budget is not None:
            deadline = self.clock.seconds() + budget
            self.deadline = deadline if self.deadline is None else min(deadline, self.deadline)

    def changed(self, tenure: Tenure | None, pids: tuple[int, ...]) -> None:
        """The ledger is never told the same thing twice."""
        self.test.assertNotEqual(self.held, (tenure, pids))
        self.held = (tenure, pids)

    def started(self, tenure: Tenure) -> None:
        """Only a take-over ends so, and everything runs."""
        self._answered("take_over")
        self.test.assertTrue(all(resource.runs for resource in self.resources))

    def start_failed(self, tenure: Tenure, reason: str, clean: bool) -> None:
        """Only a take-over ends so, and what was begun has been stopped or is known not to be."""
        self._stopped(clean, reason)
        self._answered("take_over")

    def released(self, tenure: Tenure, clean: bool, reason: str) -> None:
        """Only a release ends so, within the least of its budgets."""
        self._stopped(clean, reason)
        if self.deadline is not None:
            self.test.assertLessEqual(self.clock.seconds(), self.deadline + 1e-9)
        self._answered("release")

    def _answered(self, kind: str) -> None:
        self.test.assertEqual(self.awaited, kind)
        self.awaited = self.deadline = None
        self.answers += 1

    def _stopped(self, clean: bool, reason: str) -> None:
        """Clean is what it says, and stops went in reverse, each made again only after an interruption."""
        runs = [resource.label for resource in self.resources if resource.runs]
        self.test.assertFalse(clean and runs)
        self.test.assertEqual(clean, self.held[0] is None)
        self.test.assertEqual(clean or bool(reason), True)
        calls = self.diary[self.began :]
        started = [label for action, label, _ in calls if action == "start"]
        stops = [label for action, label, _ in calls if action == "stop"]
        self.test.assertEqual(started, sorted(started))
        self.test.assertEqual(stops, sorted(stops, reverse=True))
        self.test.assertLessEqual(set(started) | set(runs), set(stops))


class PropertyTests(SynchronousTestCase):
    """Whatever the resources do, and whenever orders come."""

    @given(st.lists(st.tuples(plans, plans), max_size=4), st.lists(orders, max_size=8))
    @settings(max_examples=300, deadline=None)
    def test_any(self, plans: list[tuple[Any, Any]], given_orders: list[Any]) -> None:
        """Each order is answered once and in time, stops are the reverse of starts, nothing is left."""
        model = Model(plans, self)
        for after, kind, budget in given_orders:
            self.advance(model.clock, after)
            model.order(kind, budget)
        self.advance(model.clock, 500.0)
        self.assertEqual((model.awaited, model.answers), (None, model.orders))
        for resource in model.resources:
            resource.plans["stop"] = (0.0, True)
        model.order("release", None)
        self.assertFalse(any(resource.runs for resource in model.resources))
        self.assertEqual(model.held, (None, ()))
        self.assertEqual(model.clock.getDelayedCalls(), [])

    def advance(self, clock: Clock, seconds: float) -> None:
        """From one timer to the next, so that none is late."""
        end = clock.seconds() + seconds
        while (pending := clock.getDelayedCalls()) and (
            due := min(call.getTime() for call in pending)
        ) <= end:
            clock.advance(due - clock.seconds())
        clock.advance(end - clock.seconds())

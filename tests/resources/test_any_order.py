"""Sequences in general: whatever their resources do, and whenever which orders come."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from heart.interfaces import Tenure
from heart.resources.sequence import Sequence
from tests.resources.fakes import TENURE, FakeResource
from tests.resources.support import LATER, STOP

times = st.none() | st.sampled_from([0.0, 0.01, 0.1, 1.0, 5.0])
plans = st.tuples(times, st.booleans())
kinds = st.lists(st.tuples(plans, plans, plans), min_size=3, max_size=3)
places = st.lists(st.integers(0, 2), min_size=1, max_size=4)  # the kind of the resource at each place
orders = st.tuples(
    st.sampled_from([0.0, 0.005, 0.05, 0.5, 3.0]),
    st.sampled_from(["take_over", "take_over", "release", "leftovers", "check", "restart", "lose", "renew"]),
    st.none() | st.sampled_from([0.1, 0.3, 2.0]),
    places,
)


class Model:
    """Gives orders to a sequence, and checks what must be true of its answers whatever happens."""

    def __init__(self, kinds: list[Any], places: list[int], test: SynchronousTestCase) -> None:
        self.clock, self.test, self.kinds = Clock(), test, kinds
        self.diary: list[tuple[str, str, float | None]] = []
        self.made: list[FakeResource] = []
        self.noted: tuple[Tenure | None, tuple[int, ...]] = (None, ())
        self.plan = self.settings(places)
        self.expected: tuple[tuple[int, int], ...] | None = None  # what the order under way has to start
        self.sequence = Sequence(self.clock, "site", self.plan, self.make, STOP, self, self.changed)
        self.sequence.watch()
        self.awaited: str | None = None
        self.deadline: float | None = None
        self.held = self.lost = False
        self.began = self.orders = self.answers = 0

    def settings(self, places: list[int]) -> tuple[tuple[int, int], ...]:
        """Each is a place and a kind: what changes its place is another resource."""
        return tuple(enumerate(places))

    def make(self, place: tuple[int, int]) -> FakeResource:
        """A resource for this place."""
        start, stop, status = self.kinds[place[1]]
        made = FakeResource(self.clock, self.diary, f"{place[0]} {place[1]}", start, stop, status)
        self.made.append(made)
        return made

    def there(self) -> list[FakeResource]:
        """The resources that the sequence has now."""
        return [resource for resource in self.made if not resource.closed]

    def order(self, kind: str, budget: float | None, places: list[int]) -> None:
        """Give an order, if it may be given now."""
        if kind == "renew":
            self.plan, self.expected = self.settings(places), None
            self.sequence.renew(self.plan)
        elif kind == "lose":
            self.lost = True
            for resource in self.there()[len(places) : len(places) + 1]:
                resource.lose()
        elif kind == "release":
            self._begin("release", budget)
            self.sequence.release(LATER, budget)
        elif self.awaited is None and not self.held and kind in ("take_over", "leftovers"):
            self._start(kind, budget)
        elif self.held and self.awaited in (None, "check") and kind == "restart":
            self._begin("restart")
            self.expected = self.plan
            self.sequence.restart(LATER)
        elif self.held and self.awaited is None and kind == "check":
            self._begin("check")
            self.lost = False
            self.sequence.check(LATER)

    def _start(self, kind: str, budget: float | None) -> None:
        if kind == "take_over":
            self._begin("take_over")
            self.expected = self.plan if self.noted[0] is None else None
            self.sequence.take_over(TENURE)
        else:
            self._begin("release", budget)
            self.sequence.release_leftovers(LATER, budget)

    def _begin(self, kind: str, budget: float | None = None) -> None:
        """What is overtaken is not answered: then there is no answer more than before."""
        if self.awaited is None:
            self.began, self.orders = len(self.diary), self.orders + 1
        self.awaited = kind
        if kind == "release":
            self.held = False
        if budget is not None:
            deadline = self.clock.seconds() + budget
            self.deadline = deadline if self.deadline is None else min(deadline, self.deadline)

    def changed(self, tenure: Tenure | None, pids: tuple[int, ...]) -> None:
        """The ledger is never told the same thing twice."""
        self.test.assertNotEqual(self.noted, (tenure, pids))
        self.noted = (tenure, pids)

    def started(self, tenure: Tenure) -> None:
        """Everything runs, with what was changed before it was ordered; nothing else does."""
        self._answered("take_over", "restart")
        self.held = True
        self.test.assertTrue(all(resource.runs for resource in self.there()))
        if self.expected is not None:
            labels = [f"{place} {kind}" for place, kind in self.expected]
            self.test.assertEqual([resource.label for resource in self.there()], labels)
        calls = [call for call in self.diary[self.began :] if call[0] in ("start", "stop")]
        self._in_order(calls)

    def start_failed(self, tenure: Tenure, reason: str, clean: bool) -> None:
        """What was begun has been stopped or is known not to be."""
        self.held = False
        self._stopped(clean, reason)
        self._answered("take_over", "restart")

    def released(self, tenure: Tenure, clean: bool, reason: str) -> None:
        """Only a release ends so, within the least of its budgets."""
        self._stopped(clean, reason)
        if self.deadline is not None:
            self.test.assertLessEqual(self.clock.seconds(), self.deadline + 1e-9)
        self._answered("release")

    def checked(self, tenure: Tenure, problem: str | None) -> None:
        """Only of what is held: well if all tell so; unasked only where something was lost."""
        self.test.assertTrue(self.held)
        if self.awaited is None:
            self.test.assertTrue(self.lost and problem)
            return
        well = all(resource.plans["status"] in FINE for resource in self.there())
        self.test.assertTrue(well if problem is None else self.lost or not well)
        self._answered("check")

    def hindered(self, service: str, reason: str | None) -> None:
        """Nobody has said so."""
        self.test.fail("hindered")

    def contested(self, service: str, reason: str) -> None:
        """Nobody has said so."""
        self.test.fail("contested")

    def _answered(self, *kinds: str) -> None:
        self.test.assertIn(self.awaited, kinds)
        self.test.assertEqual([resource for resource in self.made if resource.closed and resource.runs], [])
        self.awaited = self.deadline = None
        self.answers += 1

    def _stopped(self, clean: bool, reason: str) -> None:
        """Clean is what it says, and all that may run has been asked to stop after the last start."""
        runs = [resource.label for resource in self.made if resource.runs]
        self.test.assertFalse(clean and runs)
        self.test.assertEqual(clean, self.noted[0] is None)
        self.test.assertEqual(clean or bool(reason), True)
        calls = [call for call in self.diary[self.began :] if call[0] in ("start", "stop")]
        stops = self._in_order(calls)
        started = {label for action, label, _ in calls if action == "start"}
        self.test.assertLessEqual(started | set(runs), set(stops))

    def _in_order(self, calls: list[tuple[str, str, float | None]]) -> list[str]:
        """Stops in reverse, then starts in order, then stops in reverse; returns those last stops."""
        actions = [action for action, _, _ in calls]
        labels = [label for _, label, _ in calls]
        first = actions.index("start") if "start" in actions else len(actions)
        last = len(actions) - actions[::-1].index("start") if "start" in actions else 0
        self.test.assertNotIn("stop", actions[first:last])
        places = [int(label.split()[0]) for label in labels]
        self.test.assertEqual(places[:first], sorted(places[:first], reverse=True))
        self.test.assertEqual(places[first:last], sorted(places[first:last]))
        self.test.assertEqual(places[last:], sorted(places[last:], reverse=True))
        return labels[last:]


FINE = [(after, True) for after in (0.0, 0.01, 0.1, 1.0, 5.0)]


class PropertyTests(SynchronousTestCase):
    """Whatever happens."""

    @given(kinds, places, st.lists(orders, max_size=10))
    @settings(max_examples=500, deadline=None)
    def test_any(self, kinds: list[Any], places: list[int], given_orders: list[Any]) -> None:
        """Each order is answered once and in time, stops are the reverse of starts, nothing is left, and
        what was changed is there in the end."""
        model = Model(kinds, places, self)
        for after, kind, budget, changed in given_orders:
            self.advance(model.clock, after)
            model.order(kind, budget, changed)
        self.advance(model.clock, 500.0)
        self.assertEqual((model.awaited, model.answers), (None, model.orders))
        for resource in model.made:
            resource.plans["stop"] = (0.0, True)
        model.order("release", None, [])
        self.assertFalse(any(resource.runs for resource in model.made))
        self.assertEqual(model.noted, (None, ()))
        self.assertEqual(model.clock.getDelayedCalls(), [])
        self.assertEqual(
            [resource.label for resource in model.there()], [f"{place} {kind}" for place, kind in model.plan]
        )

    def advance(self, clock: Clock, seconds: float) -> None:
        """From one timer to the next, so that none is late."""
        end = clock.seconds() + seconds
        while (pending := clock.getDelayedCalls()) and (
            due := min(call.getTime() for call in pending)
        ) <= end:
            clock.advance(due - clock.seconds())
        clock.advance(end - clock.seconds())

"""The history: bounded, stamped, and deaf to what its readers do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from heart.events.history import Event, History, Reader, rfc3339
from heart.interfaces import IHistory

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def make_history(size: int = 1000) -> History:
    """A history of node alpha in its seventh life, at noon."""
    history = History("alpha", lambda: NOON, size)
    history.incarnation = 7
    return history


def report_many(history: History, count: int) -> None:
    """Report `count` events that tell their number."""
    for number in range(count):
        history.report({"kind": "slept", "reason": f"number {number}", "seconds": number})


def take_all(reader: Reader) -> list[Event]:
    """Everything that a reader can be given now."""
    return list(iter(reader.take, None))


class HistoryTests(SynchronousTestCase):
    """What is kept, and how it is stamped."""

    def test_interface(self) -> None:
        """A History is what the core reports to."""
        self.assertTrue(verifyObject(IHistory, make_history()))

    def test_stamp(self) -> None:
        """An event gets the time, the node, its incarnation and a sequence number; the rest stays."""
        history = make_history()
        history.report({"kind": "takeover", "reason": "alpha is dead", "service": "web", "term": 9})
        history.report({"kind": "held", "reason": "started", "service": "web", "term": 9})
        self.assertEqual(
            history.events()[0],
            {
                "time": "2026-11-22T12:00:00.123Z",
                "node": "alpha",
                "incarnation": 7,
                "sequence": 1,
                "kind": "takeover",
                "reason": "alpha is dead",
                "service": "web",
                "term": 9,
            },
        )
        self.assertEqual([event["sequence"] for event in history.events()], [1, 2])

    def test_stamp_wins(self) -> None:
        """An event cannot bring a stamp of its own, and the one that was reported is left as it was."""
        history = make_history()
        event: dict[str, object] = {"kind": "slept", "reason": "-", "node": "mallory", "sequence": 99}
        history.report(event)
        self.assertEqual((history.events()[0]["node"], history.events()[0]["sequence"]), ("alpha", 1))
        self.assertEqual(event, {"kind": "slept", "reason": "-", "node": "mallory", "sequence": 99})

    def test_bounded(self) -> None:
        """Only the newest thousand are kept, in order."""
        history = make_history()
        report_many(history, 1250)
        self.assertEqual([event["sequence"] for event in history.events()], list(range(251, 1251)))

    def test_time_of_day(self) -> None:
        """Times are UTC with milliseconds, from whatever zone, and where there are none too."""
        zone = timezone(timedelta(hours=-3))
        self.assertEqual(rfc3339(datetime(2026, 1, 1, 22, 0, 0, tzinfo=zone)), "2026-01-02T01:00:00.000Z")


class SubscriberTests(SynchronousTestCase):
    """Those who are told of each event."""

    def test_told(self) -> None:
        """Each subscriber gets each event once, as it is kept, until it ends its subscription."""
        history = make_history()
        first: list[Event] = []
        second: list[Event] = []
        unsubscribe = history.subscribe(first.append)
        history.subscribe(second.append)
        report_many(history, 2)
        unsubscribe()
        unsubscribe()
        report_many(history, 1)
        self.assertEqual([event["sequence"] for event in first], [1, 2])
        self.assertEqual(tuple(second), history.events())

    def test_failing(self) -> None:
        """One that fails keeps nothing from the others or the caller, and is logged once."""
        history = make_history()
        told: list[Event] = []
        history.subscribe(lambda event: 1 // 0)
        history.subscribe(told.append)
        report_many(history, 3)
        self.assertEqual(len(told), 3)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_subscribes_while_told(self) -> None:
        """A subscriber may subscribe another or end itself while it is told."""
        history = make_history()
        late: list[Event] = []

        def once(event: Event) -> None:
            end()
            history.subscribe(late.append)

        end = history.subscribe(once)
        report_many(history, 3)
        self.assertEqual([event["sequence"] for event in late], [2, 3])


class ReaderTests(SynchronousTestCase):
    """Reading at one's own pace."""

    def test_from_now(self) -> None:
        """A reader begins with what comes after it, and is given nothing twice."""
        history = make_history()
        report_many(history, 2)
        reader = history.reader()
        self.assertIsNone(reader.take())
        report_many(history, 2)
        self.assertEqual([event["sequence"] for event in take_all(reader)], [3, 4])
        self.assertIsNone(reader.take())

    def test_past(self) -> None:
        """A reader of the past begins with the oldest event that is kept: nothing of it counts as lost."""
        history = make_history(size=3)
        report_many(history, 5)
        self.assertEqual(tuple(take_all(history.reader(past=True))), history.events())

    def test_overtaken(self) -> None:
        """A reader that the ring has overtaken is told how many it missed, and then goes on in order."""
        history = make_history(size=3)
        reader = history.reader()
        report_many(history, 10)
        lost, *others = take_all(reader)
        self.assertEqual((lost["kind"], lost["lost"], lost["sequence"]), ("lost", 7, 7))
        self.assertIn("7", lost["reason"])
        self.assertEqual([event["sequence"] for event in others], [8, 9, 10])
        self.assertEqual(set(lost), {*others[0], "lost"} - {"seconds"})

    @given(st.lists(st.one_of(st.integers(1, 9), st.none()), max_size=40))
    def test_nothing_unaccounted(self, steps: list[int | None]) -> None:
        """However reports and reading mix, events taken and events told as lost add up to all, in order."""
        history = make_history(size=4)
        reader = history.reader()
        taken: list[Event] = []
        for step in steps:
            if step is None:
                event = reader.take()
                taken += [event] if event else []
            else:
                report_many(history, step)
        taken += take_all(reader)
        self.assertEqual(sum(event.get("lost", 1) for event in taken), history.newest)
        sequences = [event["sequence"] for event in taken]
        self.assertEqual(sequences, sorted(set(sequences)))

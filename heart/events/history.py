"""What happened, newest last: a bounded ring in memory, and readers that go at their own pace.

Whoever reports an event never waits for those who read it. A reader keeps only its place in the ring;
what the ring has dropped before a slow reader got there is told to it as one event of kind `lost`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from heart.interfaces import IHistory

Event = dict[str, Any]
Subscriber = Callable[[Event], object]

SIZE = 1000  # events kept


def rfc3339(moment: datetime) -> str:
    """A time of day as events and the status show it: UTC, with milliseconds (RFC 3339)."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@implementer(IHistory)
class History:
    """The newest events of this daemon's life.

    `now` gives the time of day, which is for reading only. The caller sets `incarnation` as soon as it
    is known. Sequence numbers start at 1 and have no gaps.
    """

    _log = Logger()

    def __init__(self, node: str, now: Callable[[], datetime], size: int = SIZE) -> None:
        self.incarnation = 0
        self.newest = 0
        self._node = node
        self._now = now
        self._ring: deque[Event] = deque(maxlen=size)
        self._subscribers: dict[object, Subscriber] = {}
        self._failed: set[object] = set()

    def report(self, event: dict[str, object]) -> None:
        """Stamp one event, keep it, and hand it to the subscribers.

        The caller brings `kind`, `reason` and what the kind brings; the rest is put in here.
        """
        self.newest += 1
        stamp = {
            "time": rfc3339(self._now()),
            "node": self._node,
            "incarnation": self.incarnation,
            "sequence": self.newest,
        }
        stamped: Event = {**stamp, "kind": "", "reason": "", **event, **stamp}
        self._ring.append(stamped)
        for token, subscriber in tuple(self._subscribers.items()):
            self._tell(token, subscriber, stamped)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with each event from now on; the result ends that, and may be called twice.

        A subscriber that fails is logged the first time, and goes on being called.
        """
        token = object()
        self._subscribers[token] = subscriber

        def unsubscribe() -> None:
            self._subscribers.pop(token, None)
            self._failed.discard(token)

        return unsubscribe

    def events(self) -> tuple[Event, ...]:
        """What is kept, the oldest first."""
        return tuple(self._ring)

    def reader(self, *, past: bool = False) -> Reader:
        """A reader of what comes from now on, or with `past` of everything that is kept too."""
        return Reader(self, self.newest - len(self._ring) if past else self.newest)

    def first_after(self, sequence: int) -> Event | None:
        """The oldest kept event that is newer than `sequence`."""
        if sequence >= self.newest:
            return None
        oldest = self.newest - len(self._ring) + 1
        return self._ring[max(sequence + 1 - oldest, 0)]

    def _tell(self, token: object, subscriber: Subscriber, event: Event) -> None:
        try:
            subscriber(event)
        except Exception:
            if token not in self._failed:
                self._failed.add(token)
                self._log.failure("One that is told of events failed; it goes on being told, unlogged")


class Reader:
    """One reader's place in a history. It holds no events, so that a reader may stand still for ever."""

    def __init__(self, history: History, position: int) -> None:
        self._history = history
        self.position = position
        """The sequence number of the event that was taken last."""

    def take(self) -> Event | None:
        """The next event; None when there is no newer one.

        Where the ring has dropped events that were not taken, one of kind `lost` stands for them.
        """
        event = self._history.first_after(self.position)
        if event is None:
            return None
        missed = event["sequence"] - self.position - 1
        if missed:
            event = _lost(event, missed)
        self.position = event["sequence"]
        return event


def _lost(following: Event, count: int) -> Event:
    """What stands for `count` events that were dropped before `following`."""
    return {
        "time": following["time"],
        "node": following["node"],
        "incarnation": following["incarnation"],
        "sequence": following["sequence"] - 1,
        "kind": "lost",
        "reason": f"dropped before they were read: {count} (the reader is too slow)",
        "lost": count,
    }

"""What the nodes of the demo say of themselves over their sockets: their last status, and all events.

A node that is dead or paused does not answer: its status is None, and nobody waits for it for long.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heart.control.client import DaemonRefused, DaemonUnreachable, ask, ask_lines

PATIENCE = 0.5
"""Seconds for an answer."""

KEPT = 2_000
"""The most events that are remembered."""

Status = Mapping[str, Any]
Statuses = Mapping[str, Status | None]
Event = Mapping[str, Any]
Identity = tuple[str, int, int]


def identity(event: Event) -> Identity:
    """What no other event has: its node, that daemon's life, and its number in it."""
    return event["node"], event["incarnation"], event["sequence"]


class Observer:
    """Asks the nodes whose sockets these are; may be used from several threads."""

    def __init__(self, sockets: Mapping[str, Path]) -> None:
        self._sockets = sockets
        self._lock = threading.Lock()
        self._statuses: dict[str, Status | None] = dict.fromkeys(sockets)
        self._events: dict[Identity, Event] = {}

    def refresh(self, node: str) -> None:
        """Ask a node for its status and its events."""
        status: Status | None = None
        events: list[Event] = []
        try:
            status = ask(self._sockets[node], {"command": "status"}, PATIENCE)
            events = list(ask_lines(self._sockets[node], {"command": "events"}, PATIENCE))
        except (DaemonUnreachable, DaemonRefused):
            status = None
        with self._lock:
            self._statuses[node] = status
            for event in events:
                self._events[identity(event)] = event
            for old in list(self._events)[:-KEPT]:
                del self._events[old]

    def forget(self, node: str) -> None:
        """Know a node's status no more; its events stay known."""
        with self._lock:
            self._statuses[node] = None

    @property
    def statuses(self) -> Statuses:
        """What each node said last."""
        with self._lock:
            return dict(self._statuses)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of both nodes by time of day."""
        with self._lock:
            return tuple(sorted(self._events.values(), key=lambda event: (event["time"], *identity(event))))

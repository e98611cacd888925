"""The service's journal: what its script wrote down, and between it what the demo did to the nodes.

A line is `TIME NODE start|stop TERM`, or `TIME demo WHAT WHOM`. Lines are appended whole and one after
the other, so their order is that of what happened; their times are for reading only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DEMO = "demo"
KILL = "kill"
APART = "apart"
JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a node's script was called with `start` or `stop` in a term, or what the demo did to whom."""

    time: str
    who: str
    what: str
    detail: str


def parse(text: str) -> tuple[Entry, ...]:
    """The whole lines of a journal; raises ValueError where one is no line of it."""
    entries = []
    for line in text.splitlines(keepends=True):
        words = line.split()
        if line.endswith("\n"):
            if len(words) != 4:
                raise ValueError(f"expected TIME NODE WHAT TERM in the journal, not {line!r}")
            entries.append(Entry(*words))
    return tuple(entries)


def holders(entries: Iterable[Entry]) -> frozenset[str]:
    """The nodes on which the service runs after all that."""
    states = [holding for _, holding in _followed(entries)]
    return states[-1] if states else frozenset()


def doubled(entries: Iterable[Entry]) -> str | None:
    """Where the service was started on a second node while the nodes had a cable left; None if never."""
    apart = False
    running: frozenset[str] = frozenset()
    for entry, holding in _followed(entries):
        if entry.who == DEMO and entry.what in (APART, JOINED):
            apart = entry.what == APART
        elif holding > running and running and not apart:
            return f"{entry.time} {entry.who} started it while it ran on {' and '.join(sorted(running))}"
        running = holding
    return None


def stale(entries: Iterable[Entry]) -> str | None:
    """Where the service was started in a term that was not greater than all before; None if never."""
    greatest = 0
    for entry in entries:
        if entry.who != DEMO and entry.what == "start":
            if int(entry.detail) <= greatest:
                return f"{entry.time} {entry.who} started it in term {entry.detail}, after term {greatest}"
            greatest = int(entry.detail)
    return None


def _followed(entries: Iterable[Entry]) -> Iterator[tuple[Entry, frozenset[str]]]:
    """Each entry, with the nodes on which the service runs from then on."""
    holding: frozenset[str] = frozenset()
    for entry in entries:
        if entry.who == DEMO:
            holding -= {entry.detail} if entry.what == KILL else set()
        elif entry.what == "start":
            holding |= {entry.who}
        elif entry.what == "stop":
            holding -= {entry.who}
        yield entry, holding

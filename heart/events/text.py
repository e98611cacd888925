"""Events as lines for a person: in the log and from `heart events`."""

from __future__ import annotations

from collections.abc import Mapping

_SUBJECTS = ("service", "link", "peer")  # the first of these that an event has is what it is about
_DETAILS = ("term", "cause", "previous", "peer")


def printable(text: object) -> str:
    """The text on one line, with nothing in it that a terminal would act upon."""
    words = " ".join(str(text).split())
    return "".join(letter if letter.isprintable() else "?" for letter in words)


def describe(event: Mapping[str, object]) -> str:
    """An event as `KIND WHAT: REASON`: 'takeover web (term 7, previous alpha): alpha is dead'."""
    subject = next((key for key in _SUBJECTS if event.get(key) is not None), None)
    head = [event.get("kind") or "event"]
    if subject is not None:
        head.append(event[subject])
    details = [f"{key} {event[key]}" for key in _DETAILS if key != subject and event.get(key) is not None]
    if details:
        head.append(f"({', '.join(details)})")
    return printable(f"{' '.join(map(str, head))}: {event.get('reason') or 'no reason given'}")


def event_line(event: Mapping[str, object]) -> str:
    """An event as `TIME NODE KIND WHAT: REASON`."""
    return f"{printable(event.get('time', '-'))} {printable(event.get('node', '-'))} {describe(event)}"

"""Events as lines for a person: in the log and from `heart events`."""

from __future__ import annotations

from collections.abc import Mapping

Event = Mapping[str, object]

_SUBJECTS = ("service", "link", "peer")  # the first of these that an event has is what it is about
_DETAILS = ("term", "cause", "previous", "peer", "digest")
_MARKS = (("clean", False, "something may still run"), ("barred", True, "not tried again here for now"))


def printable(text: object) -> str:
    """The text on one line, with nothing in it that a terminal would act upon."""
    words = " ".join(str(text).split())
    return "".join(letter if letter.isprintable() else "?" for letter in words)


def describe(event: Event) -> str:
    """An event as `KIND WHAT: REASON`: 'takeover web (term 7, previous alpha): alpha is dead'."""
    if event.get("kind") == "operator" and event.get("order"):
        return _describe_order(event)
    subject = next((key for key in _SUBJECTS if event.get(key) is not None), None)
    head = [event.get("kind") or "event"]
    if subject is not None:
        head.append(event[subject])
    details = [f"{key} {event[key]}" for key in _DETAILS if key != subject and event.get(key) is not None]
    details += [told for key, value, told in _MARKS if event.get(key) is value]
    if details:
        head.append(f"({', '.join(details)})")
    return printable(f"{' '.join(map(str, head))}: {event.get('reason') or 'no reason given'}")


def event_line(event: Event) -> str:
    """An event as `TIME NODE KIND WHAT: REASON`."""
    return f"{printable(event.get('time', '-'))} {printable(event.get('node', '-'))} {describe(event)}"


def _describe_order(event: Event) -> str:
    """An order in the words with which it was given: 'operator move web beta: ordered on alpha'."""
    kind, subject, value = (str(event.get(key) or "") for key in ("order", "subject", "value"))
    words = f"{kind} {subject} {value}".rstrip()
    if kind == "standby":
        words = f"{'standby' if value else 'active'} {subject}"
    return printable(f"operator {words}: {event.get('reason') or 'no reason given'}")

"""Events and times of the demo as lines for a person."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from heart.events.text import describe, printable

# Keys of docs/events.md stand in the texts; an event that lacks one is told as `heart events` does.
_TOLD = {
    "node-up": "{node} hears {peer}, and {peer} hears {node}",
    "node-late": "{node} asks {peer}, which is overdue: {reason}",
    "node-dead": "{node} takes {peer} for dead: {reason}",
    "node-left": "{node} has heard {peer}'s goodbye",
    "link-up": "{node} has {link} open",
    "takeover": "{node} takes over {service} (term {term}): {reason}",
    "held": "{node} holds {service} (term {term})",
    "conflict": "{node} meets another holder: {reason}",
    "release": "{node} lets go of {service} (term {term}): {reason}",
    "released": "{node} has let go of {service} (term {term})",
}
_TOLD_OF_PEER = {
    "link-up": "{node} hears {peer} on {link} again",
    "link-down": "{node} no longer hears {peer} on {link}",
}
_MUTE = frozenset({"arbiter"})  # every takeover says as much


def worth_telling(event: Mapping[str, Any]) -> bool:
    """Whether the event says more than the one that follows it."""
    return event.get("kind") not in _MUTE


def tell(event: Mapping[str, Any]) -> str:
    """An event as a sentence."""
    kind = str(event.get("kind"))
    told = _TOLD_OF_PEER.get(kind) if event.get("peer") is not None else None
    with suppress(KeyError):
        return printable((told or _TOLD[kind]).format_map(event))
    return printable(f"{event.get('node', '-')} {describe(event)}")


def moment(event: Mapping[str, Any]) -> datetime:
    """When the event was, in time of day."""
    return datetime.fromisoformat(event["time"])


def line(text: str, since_start: float, since_cause: float | None = None) -> str:
    """`  4.213 s  +1.021 s  TEXT`: seconds since the start, and since the cause, where there is one."""
    cause = "" if since_cause is None else f"{since_cause:+.3f} s"
    return f"{since_start:7.3f} s  {cause:>9}  {text}"

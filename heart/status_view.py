"""The daemon's status for a person: the tables of `heart status`.

A status may come from a daemon that is older or newer than this command: what is missing is shown as
'-', and what is unknown is left out (`heart status --json` has it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TypeGuard

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from heart.events.text import printable

NONE = "-"

_GOOD, _CARE, _BAD, _QUIET = "green", "yellow", "bold red", "dim"
_STYLES = {
    "up": _GOOD,
    "held": _GOOD,
    "late": _CARE,
    "starting": _CARE,
    "stopping": _CARE,
    "dead": _BAD,
    "failed": _BAD,
    "down": _BAD,
    "left": _QUIET,
    "unknown": _QUIET,
    "stopped": _QUIET,
}
_SPANS = ((48 * 3600, 86400, "d"), (90 * 60, 3600, "h"), (90, 60, "min"))
_NARROW = 72  # with fewer columns than this, those below are left out
_ROOMY = {"ROUND TRIP", "RECEIVED", "WAIT"}
_FOLDED = {"NODE", "LINK", "PEER", "SERVICE", "HOLDER", "REASON", "REFUSED"}


def render(status: Mapping[str, Any], width: int, now: datetime) -> RenderableType:
    """The whole status in `width` columns; `now` is the time of day, for times ago."""
    parts: list[RenderableType] = [_summary(status, now)]
    for heading, rows in _tables(status, now):
        if rows:
            parts += [Text(""), _table(heading, rows, width)]
    return Group(*parts)


def _tables(status: Mapping[str, Any], now: datetime) -> Iterator[tuple[Sequence[str], list[list[Text]]]]:
    nodes, links = _records(status, "nodes"), _records(status, "links")
    yield ("NODE", "STATE", "SINCE", "REASON"), [_node(node, now) for node in nodes]
    yield ("LINK", "KIND", "STATE", "SINCE", "REFUSED", "REASON"), [_link(link, now) for link in links]
    peers = [_heard(link, peer, now) for link in links for peer in _records(link, "peers")]
    yield ("LINK", "PEER", "HEARD", "HEARS US", "ROUND TRIP", "RECEIVED", "LOST", "REFUSED"), peers
    services = [_service(service, now) for service in _records(status, "services")]
    yield ("SERVICE", "HOLDER", "TERM", "STATE", "SINCE", "WAIT", "REASON"), services


def plain(status: Mapping[str, Any], width: int, now: datetime) -> str:
    """The status as lines without colours or trailing blanks."""
    console = Console(width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(render(status, width, now))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def span(seconds: object) -> str:
    """A length of time, short: '0.6 ms', '250 ms', '1.03 s', '3 h'."""
    if not _is_number(seconds):
        return NONE if seconds is None else printable(seconds)
    for least, unit, name in _SPANS:
        if seconds >= least:
            return f"{seconds / unit:.0f} {name}"
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.3g} ms"


def ago(moment: object, now: datetime) -> str:
    """How long ago that was, '0.04 s ago': seconds, or a time of day (RFC 3339)."""
    if isinstance(moment, str):
        try:
            then = datetime.fromisoformat(moment)
        except ValueError:
            return printable(moment)
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        moment = max((now - then).total_seconds(), 0.0)
    if _is_number(moment) and moment < 10:
        return f"{moment:.2f} s ago"
    return NONE if moment is None else f"{span(moment)} ago"


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _records(holder: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The list of objects under a key; nothing where it is something else."""
    found = holder.get(key)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def _summary(status: Mapping[str, Any], now: datetime) -> Text:
    lateness = status.get("lateness")
    worst = lateness if isinstance(lateness, Mapping) else {}
    lines = [
        f"cluster {_word(status, 'cluster')}, node {_word(status, 'node')},"
        f" running since {ago(status.get('since'), now)}",
        f"incarnation {_word(status, 'incarnation')}, configuration {_word(status, 'configuration')},"
        f" arbiter {_arbiter(status.get('arbiter'))}",
        f"worst lateness {span(worst.get('minute'))} in the last minute,"
        f" {span(worst.get('hour'))} in the last hour",
    ]
    text = Text("\n".join(lines))
    if status.get("paused"):
        text.append("\npaused: nothing is taken over or released", style=_CARE)
    return text


def _arbiter(arbiter: object) -> str:
    """Its kind; of several, all kinds."""
    if isinstance(arbiter, list):
        return " and ".join(_arbiter(each) for each in arbiter) or NONE
    return _word(arbiter, "kind") if isinstance(arbiter, Mapping) else _word({"": arbiter}, "")


def _node(node: Mapping[str, Any], now: datetime) -> list[Text]:
    notes = [word for word in ("witness", "standby") if node.get(word)]
    reason = ", ".join([*notes, _word(node, "reason")] if node.get("reason") else notes or [NONE])
    return [_cell(node, "name"), _state(node), Text(ago(node.get("since"), now)), Text(reason)]


def _link(link: Mapping[str, Any], now: datetime) -> list[Text]:
    return [
        _cell(link, "name"),
        _cell(link, "kind"),
        _state(link),
        Text(ago(link.get("since"), now)),
        Text(_refused(link.get("refused"))),
        _cell(link, "reason"),
    ]


def _heard(link: Mapping[str, Any], peer: Mapping[str, Any], now: datetime) -> list[Text]:
    return [
        _cell(link, "name"),
        _cell(peer, "peer"),
        Text(ago(peer.get("heard"), now)),
        Text(ago(peer.get("hears_us"), now)),
        Text(span(peer.get("round_trip"))),
        _cell(peer, "received"),
        _cell(peer, "lost"),
        Text(_refused(peer.get("refused"))),
    ]


def _service(service: Mapping[str, Any], now: datetime) -> list[Text]:
    return [
        _cell(service, "name"),
        _cell(service, "holder"),
        _cell(service, "term"),
        _state(service),
        Text(ago(service.get("since"), now)),
        Text(span(service.get("wait"))),
        _cell(service, "reason"),
    ]


def _refused(counts: object) -> str:
    """Beats refused, by reason: '3 signature, 1 replay'."""
    if not isinstance(counts, Mapping):
        return NONE if counts is None else printable(counts)
    told = [f"{count} {reason}" for reason, count in counts.items() if count]
    return printable(", ".join(told)) if told else "0"


def _word(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    return NONE if value is None or value == "" else printable(value)


def _cell(record: Mapping[str, Any], key: str) -> Text:
    return Text(_word(record, key))


def _state(record: Mapping[str, Any]) -> Text:
    state = _word(record, "state")
    return Text(state, style=_STYLES.get(state, ""))


def _table(heading: Sequence[str], rows: list[list[Text]], width: int) -> Table:
    shown = [n for n, title in enumerate(heading) if width >= _NARROW or title not in _ROOMY]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for n in shown:
        table.add_column(heading[n], overflow="fold", no_wrap=heading[n] not in _FOLDED)
    for row in rows:
        table.add_row(*(row[n] for n in shown))
    return table

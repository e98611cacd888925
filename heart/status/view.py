"""The daemon's status for a person: what `heart status` shows.

A status may come from a daemon that is older or newer than this command: what is missing is shown as
'-', and what is unknown is left out (`heart status --json` has it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.text import Text

from heart.events.text import printable
from heart.status.facts import (
    NONE,
    Record,
    Status,
    counted,
    is_number,
    reasons,
    records,
    refused,
    silences,
    word,
)
from heart.status.layout import Row, lay_out

__all__ = ["NONE", "WIDTH", "ago", "plain", "render", "span"]

WIDTH = 80  # columns, where there is no terminal to say


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
    "stopped": _BAD,
}
_SPANS = ((48 * 3600, 86400, "d"), (90 * 60, 3600, "h"), (90, 60, "min"))


def render(status: Status, width: int, now: datetime, age: float = 0.0, *, past: bool = False) -> Group:
    """The whole status in `width` columns; `now` is the time of day, for times ago.

    The status is `age` seconds old. With `past` it may hold no more, and is shown so.
    """
    return _View(status, width, now, age, past).draw()


def plain(status: Status, width: int, now: datetime) -> str:
    """The status as lines without colours or trailing blanks."""
    console = Console(width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(render(status, width, now))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def span(seconds: object) -> str:
    """A length of time, short: '0.6 ms', '250 ms', '1.03 s', '3 h'."""
    if not is_number(seconds):
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
    if is_number(moment) and moment < 10:
        return f"{moment:.2f} s ago"
    return NONE if moment is None else f"{span(moment)} ago"


class _View:
    """One picture of one status."""

    def __init__(self, status: Status, width: int, now: datetime, age: float, past: bool) -> None:
        self._status = status
        self._width = width
        self._now = now
        self._age = age
        self._past = past
        self._nodes = records(status, "nodes")
        self._links = records(status, "links")
        self._own = next((node for node in self._nodes if node.get("name") == status.get("node")), {})

    def draw(self) -> Group:
        """All of it: what matters most comes first, for who cannot see all of it."""
        parts: list[RenderableType] = [self._summary()]
        for table in self._tables():
            if table.rows:
                parts.append(Text(""))
                parts += lay_out(table.heading, table.rows, self._width, spare=table.spare)
        return Group(*parts)

    def _tables(self) -> Iterator[_Table]:
        services = [self._service(service) for service in records(self._status, "services")]
        yield _Table(("SERVICE", "HOLDER", "STATE", "SINCE", "TERM", "WAIT"), services, ("WAIT", "TERM"))
        yield _Table(("NODE", "STATE", "SINCE"), [self._node(node) for node in self._nodes])
        wrong = silences(self._status)
        links = [self._link(link, wrong) for link in self._links]
        yield _Table(("LINK", "KIND", "STATE", "SINCE"), links, ("KIND",))
        peers = [self._heard(link, peer) for link in self._links for peer in records(link, "peers")]
        heading = ("LINK", "PEER", "HEARD", "HEARS US", "ROUND TRIP", "SENT", "RECEIVED", "LOST")
        yield _Table(heading, peers, ("SENT", "RECEIVED", "ROUND TRIP"))

    def _summary(self) -> Text:
        status = self._status
        worst = status.get("lateness")
        worst = worst if isinstance(worst, Mapping) else {}
        software = self._own.get("software")
        lines = [
            f"cluster {word(status, 'cluster')}, node {word(status, 'node')},"
            f" started {self._ago(status.get('since'))}"
            + ("" if software is None else f", Heart {printable(software)}"),
            f"arbiter {_arbiter(status.get('arbiter'))}, configuration {word(status, 'configuration')},"
            f" incarnation {word(status, 'incarnation')}",
            f"worst lateness {span(worst.get('minute'))} in the last minute,"
            f" {span(worst.get('hour'))} in the last hour",
        ]
        text = Text("\n".join(lines), style=_QUIET if self._past else "")
        if lack := _voters_lack(status.get("arbiter")):
            text.append_text(Text("\n").append_text(self._styled(lack, _CARE)))
        if status.get("paused"):
            text.append("\npaused: nothing is taken over or released", style=_CARE)
        return text

    def _service(self, service: Record) -> Row:
        holder = service.get("holder")
        cells = [
            _cell(service, "name"),
            self._styled("nobody", _BAD) if holder is None else _cell(service, "holder"),
            self._state(service),
            Text(self._ago(service.get("since"))),
            _cell(service, "term"),
            Text(span(service.get("wait"))),
        ]
        return Row(cells, list(self._service_remarks(service)))

    def _service_remarks(self, service: Record) -> Iterator[Text]:
        reason, elsewhere = reasons(service)
        if reason:
            yield Text(reason)
        for line in elsewhere:
            yield self._styled(line, _BAD)
        hindrance = service.get("hindrance")
        if hindrance is not None and printable(hindrance) not in reason:
            yield self._styled(f"cannot be held here now: {printable(hindrance)}", _CARE)
        if service.get("failed"):
            yield self._styled(f"once that is mended: heart retry {word(service, 'name')}", _CARE)

    def _node(self, node: Record) -> Row:
        cells = [_cell(node, "name"), self._state(node), Text(self._ago(node.get("since")))]
        return Row(cells, list(self._node_remarks(node)))

    def _node_remarks(self, node: Record) -> Iterator[Text]:
        standby = self._styled("standby", _CARE) if node.get("standby") else None
        words = [Text("witness") if node.get("witness") else None, standby]
        reason = None if node.get("reason") is None else _cell(node, "reason")
        first = Text(", ").join(part for part in (*words, reason) if part is not None)
        if first:
            yield first
        attributes = node.get("attributes")
        if isinstance(attributes, Mapping) and attributes:
            told = ", ".join(f"{name} = {value}" for name, value in attributes.items())
            yield Text(printable(f"set: {told}"))
        through = node.get("through")
        if isinstance(through, list) and through:
            yield self._styled(f"heard through {printable(', '.join(map(str, through)))}", _CARE)
        yield from self._node_differences(node)

    def _node_differences(self, node: Record) -> Iterator[Text]:
        """What this node runs that our own does not."""
        differences = self._status.get("differences")
        name = node.get("name")
        if isinstance(differences, Mapping) and isinstance(name, str) and name in differences:
            keys = differences[name]
            told = ", ".join(map(str, keys)) if isinstance(keys, list) else str(keys)
            where = f": {printable(told)}" if told else ", and does not say where it differs"
            yield self._styled(f"runs another configuration{where}", _CARE)
        software, own = node.get("software"), self._own.get("software")
        if None not in (software, own) and software != own:
            yield self._styled(f"runs Heart {printable(software)}", _CARE)

    def _link(self, link: Record, wrong: Sequence[tuple[str, str, str]]) -> Row:
        cells = [
            _cell(link, "name"),
            _cell(link, "kind"),
            self._state(link),
            Text(self._ago(link.get("since"))),
        ]
        remarks = [] if link.get("reason") is None else [_cell(link, "reason")]
        mine = [(peer, what) for name, peer, what in wrong if name == word(link, "name")]
        for what in dict.fromkeys(what for _, what in mine):
            peers = [peer for peer, told in mine if told == what]
            remarks.append(self._styled(f"{', '.join(peers)} {what}", _CARE))
        counts = [refused(link.get("refused")), *counted(link)]
        if told := ", ".join(count for count in counts if count):
            remarks.append(Text(told))
        return Row(cells, remarks)

    def _heard(self, link: Record, peer: Record) -> Row:
        cells = [
            _cell(link, "name"),
            _cell(peer, "peer"),
            Text(self._ago(self._older(peer.get("heard")))),
            Text(self._ago(self._older(peer.get("hears_us")))),
            Text(span(peer.get("round_trip"))),
            _cell(peer, "sent"),
            _cell(peer, "received"),
            _cell(peer, "lost"),
        ]
        told = refused(peer.get("refused"))
        return Row(cells, [Text(told)] if told else [])

    def _ago(self, moment: object) -> str:
        return ago(moment, self._now)

    def _older(self, seconds: object) -> object:
        """How long ago that is by now, which it was when the status was made."""
        return seconds + self._age if is_number(seconds) else seconds

    def _state(self, record: Record) -> Text:
        state = word(record, "state")
        if self._past and state != NONE:
            return Text(f"was {state}", style=_QUIET)
        return Text(state, style=_STYLES.get(state, ""))

    def _styled(self, text: str, style: str) -> Text:
        """Coloured, where it holds now."""
        return Text(text, style=_QUIET if self._past else style)


@dataclass(frozen=True, slots=True)
class _Table:
    """A table; the columns in `spare` are the first to go where room is short."""

    heading: Sequence[str]
    rows: Sequence[Row]
    spare: Sequence[str] = ()


def _arbiter(arbiter: object) -> str:
    """Its kind; of several, all kinds."""
    if isinstance(arbiter, list):
        return " and ".join(_arbiter(each) for each in arbiter) or NONE
    if not isinstance(arbiter, Mapping):
        return word({"": arbiter}, "")
    voters = arbiter.get("voters")
    if not isinstance(voters, list):
        return word(arbiter, "kind")
    hears = f"hears {word(arbiter, 'heard')} of {len(voters)} voters, needs {word(arbiter, 'needed')}"
    if arbiter.get("between") is True:
        hears = "does not vote: the set of voters changes"
    return f"{word(arbiter, 'kind')} ({hears})"


def _voters_lack(arbiter: object) -> str:
    """What a node cannot do for want of voters, and how their set is to change."""
    if not isinstance(arbiter, Mapping):
        return ""
    heard, needed, coming = arbiter.get("heard"), arbiter.get("needed"), arbiter.get("coming")
    told = []
    if is_number(heard) and is_number(needed) and heard < needed and not arbiter.get("between"):
        told.append("too few voters are heard: this node takes nothing, and keeps nothing for long")
    if isinstance(coming, list):
        told.append(f"to vote next: {', '.join(map(str, coming))}, once enough nodes have that file")
    return printable("; ".join(told))


def _cell(record: Record, key: str) -> Text:
    return Text(word(record, key))

"""The picture of the demo: both nodes, the cables between them, what happened last, and the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from heart.demo.expectations import service_of
from heart.demo.folder import DEAD, SERVICE
from heart.demo.observer import Status
from heart.status.view import NONE, span

_WHOLE, _CUT = "\N{BOX DRAWINGS DOUBLE HORIZONTAL}", "\N{MULTIPLICATION SIGN}     \N{MULTIPLICATION SIGN}"
_NO_CABLE = "two holders: with every cable cut nobody can tell them apart; see the README"
_SOME_CABLE = "two holders: as soon as they hear each other, one of them lets go"
_FRAME = 2  # lines of a panel's frame
_NODE_LINES = 6  # lines in a node's panel, with two links
_LEAST = 3  # lines of what happened, however low the terminal is
_STYLES = {"running": "green", "paused": "yellow"}


@dataclass(frozen=True, slots=True)
class NodePicture:
    """One node: its process, what it says of itself (None: it does not answer), and the service on it.

    Whether the service runs there is known from the service, which a paused node does not stop.
    """

    name: str
    state: str
    pid: int | None
    status: Status | None
    runs_service: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is shown; `wires` says of each cable whether it is whole, `keys` what each key does now."""

    nodes: Sequence[NodePicture]
    wires: Mapping[str, bool]
    happened: Sequence[str]
    keys: Sequence[Sequence[tuple[str, str]]]
    folder: str


def draw(picture: Picture, width: int, height: int, ascii_only: bool = False) -> RenderableType:
    """The picture for a terminal of that size; the newest of what happened fills the height that is left."""
    names = [node.name for node in picture.nodes]
    panels = [_node(node, width // len(names)) for node in picture.nodes]
    above: list[RenderableType] = [
        _line(f"heart demo: two real nodes on this machine, in {picture.folder}", "bold"),
        Columns(panels, padding=0),
        *(_wire(wire, names, whole, width, ascii_only) for wire, whole in picture.wires.items()),
        *_notice(picture),
    ]
    taken = len(above) - 1 + _NODE_LINES + _FRAME + len(picture.keys)
    room = max(_LEAST, height - taken - _FRAME)
    happened = Group(*map(_line, picture.happened[-room:]))
    log = Panel(happened, title="what happened", title_align="left", height=room + _FRAME)
    return Group(*above, log, _keys(picture.keys))


def _notice(picture: Picture) -> list[Text]:
    if not all(node.runs_service for node in picture.nodes):
        return []
    return [_line(_SOME_CABLE if any(picture.wires.values()) else _NO_CABLE, "bold red")]


def _node(node: NodePicture, width: int) -> Panel:
    process = Text.assemble((node.state, _STYLES.get(node.state, "bold red")), f", pid {node.pid or NONE}")
    return Panel(
        Group(process, _held(node), _line(_peers(node)), _links(node.status)),
        title=node.name,
        title_align="left",
        width=width,
        height=_NODE_LINES + _FRAME,
        border_style="green" if node.runs_service else "red" if node.status is None else "none",
    )


def _held(node: NodePicture) -> Text:
    service = service_of(node.status)
    if node.status is None:
        return _line(f"does not answer, but {SERVICE} runs here" if node.runs_service else "does not answer")
    if node.runs_service:
        return _line(f"{SERVICE} runs here, term {service['term']}", "bold green")
    return _line(
        f"{SERVICE} is held by {service['holder']}"
        if service["holder"]
        else f"knows of no holder of {SERVICE}"
    )


def _peers(node: NodePicture) -> str:
    nodes = () if node.status is None else node.status["nodes"]
    return ", ".join(f"{each['name']} is {each['state']}" for each in nodes if each["name"] != node.name)


def _links(status: Status | None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for title in ("LINK", "HEARD", "ROUND TRIP", "BEATS", "LOST"):
        table.add_column(title, no_wrap=True, justify="left" if title == "LINK" else "right")
    for link in () if status is None else status["links"]:
        for peer in link["peers"]:
            heard = peer["heard"]
            figures = (_age(heard), span(peer["round_trip"]), str(peer["received"]), str(peer["lost"]))
            table.add_row(link["name"], *figures, style="red" if heard is None or heard >= DEAD else "none")
    return table


def _age(seconds: float | None) -> str:
    return span(seconds) if seconds is None or seconds >= 10 else f"{seconds:.1f} s"


def _wire(name: str, ends: Sequence[str], whole: bool, width: int, ascii_only: bool) -> Text:
    line, gap = ("=", "x     x") if ascii_only else (_WHOLE, _CUT)
    left, right = f" {name:<6}{ends[0]} ", f" {ends[-1]}  {'whole' if whole else 'CUT':<6}"
    length = max(len(gap), width - len(left) - len(right))
    drawn = line * length if whole else gap.center(length, line)
    style = "green" if whole else "bold red"
    return Text.assemble(left, (drawn, style), right, no_wrap=True, overflow="crop")


def _keys(rows: Sequence[Sequence[tuple[str, str]]]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(Text.assemble((f" {key} ", "reverse"), f" {what or NONE}") for key, what in row))
    return table


def _line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")

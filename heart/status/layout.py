"""Tables in which a remark that is too long for its row stands beneath it, over all columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

GAP = 2  # blanks between two columns
INDENT = 4  # blanks before a remark that stands beneath its row
LEAST = 4  # columns that a cell keeps, however narrow the terminal is


@dataclass(frozen=True, slots=True)
class Row:
    """One thing: a cell for each column, and what is to be remarked of it."""

    cells: Sequence[Text]
    remarks: Sequence[Text] = field(default=())


def lay_out(
    heading: Sequence[str], rows: Sequence[Row], width: int, *, spare: Sequence[str] = ()
) -> Iterator[RenderableType]:
    """The rows in `width` columns. Of the columns in `spare` the first are left out where room is short.

    A row's first remark stands at its end, where it fits; all others have lines of their own. Nothing
    is cut: what does not fit is wrapped.
    """
    shown = list(range(len(heading)))
    for title in spare:
        if _total(_natural(heading, rows, shown)) <= width:
            break
        shown.remove(heading.index(title))
    widths = _fitted(_natural(heading, rows, shown), width)
    room = width - _total(widths) - GAP
    inline = [bool(row.remarks) and row.remarks[0].cell_len <= room for row in rows]
    titles = [heading[n] for n in shown] + (["REASON"] if any(inline) and room >= len("REASON") else [])
    yield _line([Text(title, style="bold") for title in titles], widths)
    for row, beside in zip(rows, inline, strict=True):
        cells = [row.cells[n] for n in shown]
        yield _line([*cells, row.remarks[0]] if beside else cells, widths)
        for remark in row.remarks[1 if beside else 0 :]:
            yield Padding(remark, (0, 0, 0, min(INDENT, width // 4)))


def _natural(heading: Sequence[str], rows: Sequence[Row], shown: Sequence[int]) -> list[int]:
    """How wide each shown column would like to be."""
    return [max([len(heading[n]), *(row.cells[n].cell_len for row in rows)]) for n in shown]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _fitted(widths: list[int], width: int) -> list[int]:
    """The widest column gives way, again and again, until all fit or nothing can give way."""
    while _total(widths) > width and max(widths) > LEAST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _line(cells: Sequence[Text], widths: Sequence[int]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
    for cell_width in widths:
        table.add_column(width=cell_width, overflow="fold")
    if len(cells) > len(widths):
        table.add_column(no_wrap=True)
    table.add_row(*cells)
    return table

"""The screen of `heart status --watch`: a line that says how old the rest is, then the status."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.segment import Segment
from rich.text import Text

from heart.events.text import printable
from heart.status.facts import alarms
from heart.status.view import render, span

if TYPE_CHECKING:
    from heart.cli.watch import Sight

OLD = 2.5
"""Seconds after which a status is shown as past, whether or not it is known yet why no newer one came."""

_HOW_TO_END = "Ctrl-C ends"
TENTHS = 10.0  # seconds below which an age is shown with tenths


def picture(sight: Sight, now: datetime) -> RenderableType:
    """What fills the screen at this time of day."""
    return _Screen(sight, now)


class _Screen:
    """Fits what there is to show into the terminal as it is now."""

    def __init__(self, sight: Sight, now: datetime) -> None:
        self._sight = sight
        self._now = now
        self._age = sight.age()
        self._past = bool(sight.trouble) or self._age >= OLD

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterable[RenderableType | Segment]:
        """All of it; where the screen is too low, the last line says how much is left out."""
        room = options.height or console.height
        whole = Group(*self._parts(options.max_width))
        lines = console.render_lines(whole, options.reset_height())
        shown = lines if len(lines) <= room else lines[: max(room - 1, 1)]
        for number, line in enumerate(shown):
            yield from line
            if number < len(shown) - 1:
                yield Segment.line()
        if len(lines) > len(shown) and room > 1:
            yield Segment.line()
            yield self._left_out(len(lines) - len(shown))

    def _parts(self, width: int) -> list[RenderableType]:
        sight, age = self._sight, self._age
        return [
            self._heading(age, width),
            *(self._alarm(age) if self._past else ()),
            render(sight.status, width, self._now, age, past=self._past),
        ]

    def _heading(self, age: float, width: int) -> Text:
        left = f"heart status, {_old(age)} old, {self._now:%Y-%m-%d %H:%M:%S} UTC"
        room = width - len(left) - len(_HOW_TO_END)
        line = f"{left}{' ' * room}{_HOW_TO_END}" if room > 0 else left
        return Text(line, style="reverse", no_wrap=True, overflow="crop")

    def _alarm(self, age: float) -> list[RenderableType]:
        sight = self._sight
        if not sight.trouble or sight.trouble_since is None:
            return [Text("THE DAEMON DOES NOT ANSWER", style="bold yellow"), _was(age)]
        since = f"{sight.trouble_since:%H:%M:%S} UTC"
        return [
            Text(f"THE DAEMON CANNOT BE REACHED since {since}", style="bold red"),
            Text(printable(sight.trouble)),
            _was(age),
        ]

    def _left_out(self, count: int) -> Text:
        """What stands for the lines that do not fit: what is amiss may be among them."""
        amiss = () if self._past else alarms(self._sight.status)
        told = "; ".join(amiss) or "enlarge the terminal, or see heart status"
        return Text(f"{count} more lines: {told}", style="reverse", no_wrap=True, overflow="ellipsis", end="")


def _was(age: float) -> Text:
    return Text(f"What follows is what it said {_old(age)} ago; it may hold no more.")


def _old(age: float) -> str:
    return f"{age:.1f} s" if age < TENTHS else span(age)

"""Tables with remarks."""

from __future__ import annotations

from rich.console import Console, Group
from rich.text import Text
from twisted.trial.unittest import SynchronousTestCase

from heart.status.layout import Row, lay_out


class LayoutTests(SynchronousTestCase):
    """A table with the columns ONE, TWO and THREE."""

    def lines(self, width: int, *rows: Row, spare: tuple[str, ...] = ()) -> list[str]:
        """What is shown in that width."""
        console = Console(width=width, color_system=None)
        with console.capture() as capture:
            console.print(Group(*lay_out(("ONE", "TWO", "THREE"), rows, width, spare=spare)))
        return [line.rstrip() for line in capture.get().splitlines()]

    def row(self, *cells: str, remarks: tuple[str, ...] = ()) -> Row:
        """A row."""
        return Row([Text(cell) for cell in cells], [Text(remark) for remark in remarks])

    def test_remarks(self) -> None:
        """The first remark stands beside its row where it fits, else beneath; all others beneath."""
        self.assertEqual(
            self.lines(
                24,
                self.row("a", "b", "c", remarks=("short", "second")),
                self.row("d", "e", "f", remarks=("too long for that place",)),
            ),
            [
                "ONE  TWO  THREE  REASON",
                "a    b    c      short",
                "    second",
                "d    e    f",
                "    too long for that",
                "    place",
            ],
        )

    def test_without_remarks(self) -> None:
        """Where there is nothing to remark, no column says so."""
        self.assertEqual(self.lines(40, self.row("a", "b", "c")), ["ONE  TWO  THREE", "a    b    c"])

    def test_spare(self) -> None:
        """Columns that can be spared are left out one after the other, no more than is needed."""
        row = self.row("a", "b", "c")
        self.assertEqual(self.lines(15, row, spare=("TWO", "ONE"))[0], "ONE  TWO  THREE")
        self.assertEqual(self.lines(14, row, spare=("TWO", "ONE"))[0], "ONE  THREE")
        self.assertEqual(self.lines(9, row, spare=("TWO", "ONE"))[0], "THREE")

    def test_wrapped(self) -> None:
        """What does not fit is wrapped, and nothing is cut: the widest column gives way."""
        lines = self.lines(20, self.row("a", "b", "0123456789abcdef"))
        self.assertEqual(lines, ["ONE  TWO  THREE", "a    b    0123456789", "          abcdef"])

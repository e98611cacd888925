"""docs/forecast.md shows what the command prints."""

from __future__ import annotations

import textwrap

from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from heart.cli.main import main
from tests.docs.support import DOCS

BEGIN, END = "<!-- begin: example -->\n", "<!-- end: example -->\n"


class ExampleTests(SynchronousTestCase):
    """The example of the document."""

    def test_up_to_date(self) -> None:
        """The command that it shows prints what it shows."""
        shown = textwrap.dedent((DOCS / "forecast.md").read_text().split(BEGIN)[1].split(END)[0])
        command, _, expected = shown.partition("\n")
        _, _, *args = command.split()
        conf = args.index("--config") + 1
        args[conf] = str(DOCS.parent / args[conf])
        ended = CliRunner().invoke(main, args)
        self.assertEqual((ended.exit_code, ended.stdout), (0, expected))

"""`heart status`, as a real process beside a real control server."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred

from heart.control.connection import CommandRefused
from tests.cli.daemon import CommandCase
from tests.control import fakes
from tests.status.test_view import STATUS


class StatusTests(CommandCase):
    """What is shown, and how it ends."""

    def setUp(self) -> None:
        """A daemon with something to tell."""
        super().setUp()
        self.patch(fakes, "STATUS", STATUS)

    async def test_json(self) -> None:
        """With --json the object is printed as the daemon gave it, in several lines."""
        await self.serve()
        ended = await self.heart("status", "--json")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(json.loads(ended.stdout), STATUS)
        self.assertGreater(ended.stdout.count("\n"), 10)

    async def test_text(self) -> None:
        """Without a terminal the text is plain, and fits into 80 columns whatever COLUMNS says."""
        await self.serve()
        ended = await self.heart("status", env={"COLUMNS": "200"})
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertIn("/dev/ttyS0 is missing\n", ended.stdout)
        self.assertNotIn("\x1b", ended.stdout)
        self.assertLessEqual(max(map(len, ended.stdout.splitlines())), 80)

    async def test_terminal(self) -> None:
        """On a terminal there are colours."""
        await self.serve()
        self.assertIn("\x1b[33mlate", await self.heart_on_terminal("status"))

    async def test_poor_encoding(self) -> None:
        """A terminal without the letters of a reason shows the rest."""
        self.patch(fakes, "STATUS", {"nodes": [{"name": "beta", "state": "dead", "reason": "früh gegangen"}]})
        await self.serve()
        ended = await self.heart("status", env={"PYTHONIOENCODING": "ascii"})
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertIn("fr?h gegangen", ended.stdout)

    async def test_unreachable(self) -> None:
        """Without a daemon it is one line and exit code 3."""
        self.assert_unreachable(await self.heart("status"))

    async def test_refused(self) -> None:
        """What the daemon refuses is one line and exit code 1."""

        def refuse(request: dict[str, Any]) -> Deferred[object]:
            raise CommandRefused("not now")

        await self.serve({"status": refuse})
        ended = await self.heart("status")
        self.assertEqual(
            (ended.returncode, ended.stdout, ended.stderr), (1, "", "the daemon refused: not now\n")
        )

    async def test_broken_configuration(self) -> None:
        """A configuration that is wrong is told line by line, with exit code 1."""
        self.config.write_text('cluster = "web"\nkey_file = "heart.key"\n')
        ended = await self.heart("status")
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertTrue(ended.stderr.startswith(f"{self.config}: "), ended.stderr)
        self.assertNotIn("Traceback", ended.stderr)

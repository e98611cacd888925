"""`heart reload`, as a real process beside a real control server."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from heart.control.protocol import Request
from heart.control.server import Command
from tests.cli import daemon

QUIET = {"done": True, "text": "reloaded", "changes": [], "warnings": [], "errors": []}


class ReloadTests(daemon.CommandCase):
    """What is shown, and how it ends."""

    async def serve_reload(self, answer: Any, file: str | None = None) -> None:
        """A daemon that was started with a file, and answers so."""
        self.asked = 0

        def reload(request: Request) -> Any:
            self.asked += 1
            return answer

        commands: dict[str, Command] = {
            "reload": reload,
            "configuration": lambda request: {"file": file or str(self.config), "meaning": {}},
        }
        await self.serve(commands)

    async def test_changes(self) -> None:
        """Changes go to standard output, a line each, and warnings to standard error."""
        await self.serve_reload({**QUIET, "changes": ["timing.beat: 100ms -> 50ms"], "warnings": ["F: hm"]})
        ended = await self.heart("reload")
        self.assertEqual(ended.returncode, 0)
        self.assertEqual(ended.stdout, "timing.beat: 100ms -> 50ms\nreloaded\n")
        self.assertEqual(ended.stderr, "warning: F: hm\n")

    async def test_refused(self) -> None:
        """What the daemon finds wrong goes to standard error with what stays in force, exit code 1."""
        answer = {**QUIET, "done": False, "text": "the running configuration stays in force"}
        await self.serve_reload({**answer, "errors": ["F: cluster: web cannot become shop"]})
        ended = await self.heart("reload")
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertEqual(
            ended.stderr, "F: cluster: web cannot become shop\nthe running configuration stays in force\n"
        )

    async def test_wrong_file(self) -> None:
        """A file that is wrong is refused with its lines, without asking the daemon."""
        await self.serve_reload(QUIET)
        self.config.write_text(daemon.CONFIGURATION.replace("udp", "upd"))
        ended = await self.heart("reload")
        self.assertEqual((ended.returncode, ended.stdout, self.asked), (1, "", 0))
        first, last = ended.stderr.splitlines()
        self.assertTrue(first.startswith(f"{self.config}: links.lan.kind: expected"), first)
        self.assertEqual(last, "nothing is reloaded: the running configuration stays in force")

    async def test_other_cluster(self) -> None:
        """With another cluster's name in the file the daemon is found all the same, and says no itself."""
        await self.serve_reload({**QUIET, "done": False, "text": "it stays"})
        self.config.write_text(daemon.CONFIGURATION.replace('"web"', '"shop"'))
        ended = await self.heart("reload")
        self.assertEqual((ended.returncode, self.asked, ended.stderr), (1, 1, "it stays\n"))

    async def test_other_daemon(self) -> None:
        """A daemon that runs with another file is not the one that is meant."""
        await self.serve_reload(QUIET, file="/etc/other.toml")
        self.config.write_text(daemon.CONFIGURATION.replace('"web"', '"shop"'))
        ended = await self.heart("reload")
        self.assertEqual((ended.returncode, self.asked), (3, 0))
        self.assertIn("shop.alpha.sock: there is no such socket", ended.stderr)

    async def test_old_daemon(self) -> None:
        """A daemon that cannot reload refuses it: one line, exit code 1."""
        await self.serve()
        ended = await self.heart("reload")
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertEqual(
            ended.stderr, "the daemon refused: unknown command; expected one of: events, status\n"
        )

    async def test_interrupted(self) -> None:
        """Ctrl-C ends the waiting with one line, and not the reload."""
        await self.serve_reload(Deferred())
        process = self.begin("reload")
        await self.until(lambda: self.asked)
        ended = await self.interrupt(process)
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertEqual(ended.stderr, "not waited for: the daemon reloads all the same: see its log\n")

    async def test_unreachable(self) -> None:
        """Without a daemon it is one line and exit code 3."""
        self.assert_unreachable(await self.heart("reload"))

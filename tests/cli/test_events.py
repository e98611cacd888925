"""`heart events`, as a real process beside a real control server."""

from __future__ import annotations

import io
from typing import IO, Any

from tests.cli.daemon import CommandCase
from tests.events.test_history import report_many


class EventsTests(CommandCase):
    """What is shown, and how it ends."""

    async def test_text(self) -> None:
        """Each event is one line."""
        await self.serve()
        self.history.report({"kind": "node-dead", "reason": "silent for 1 s", "peer": "beta"})
        self.history.report({"kind": "takeover", "reason": "beta is\ndead", "service": "web", "term": 7})
        ended = await self.heart("events")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(
            ended.stdout.splitlines(),
            [
                "2026-11-22T12:00:00.123Z alpha node-dead beta: silent for 1 s",
                "2026-11-22T12:00:00.123Z alpha takeover web (term 7): beta is dead",
            ],
        )

    async def test_json(self) -> None:
        """With --json each is the object of the history, on one line."""
        await self.serve()
        report_many(self.history, 1000)
        ended = await self.heart("events", "--json")
        self.assertEqual(self.json_lines(ended.stdout), list(self.history.events()))

    async def test_follow(self) -> None:
        """With --follow an event is shown as soon as it is reported; Ctrl-C ends it quietly, as done."""
        await self.serve()
        report_many(self.history, 1)
        process = self.begin("events", "--json", "--follow")
        stdout = _output(process.stdout)
        first = await self.in_thread(stdout.readline)
        report_many(self.history, 1)
        second = await self.in_thread(stdout.readline)
        self.assertEqual(self.json_lines((first + second).decode()), list(self.history.events()))
        ended = await self.interrupt(process)
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, "", ""))

    async def test_daemon_ends(self) -> None:
        """When the daemon ends, one that follows is told so, with exit code 3."""
        server = await self.serve()
        report_many(self.history, 1)
        process = self.begin("events", "--follow")
        await self.in_thread(_output(process.stdout).readline)
        await server.stop()
        _, errors = await self.in_thread(process.communicate, None, 20)
        self.assertEqual(process.returncode, 3)
        self.assertIn(f"{self.path}: the daemon has ended\n", errors.decode())

    async def test_closed_pipe(self) -> None:
        """A reader that has seen enough (`| head -1`) ends it quietly."""
        await self.serve()
        report_many(self.history, 1000)
        process = self.begin("events")
        stdout = _output(process.stdout)
        await self.in_thread(stdout.readline)
        stdout.close()
        errors = await self.in_thread(_output(process.stderr).read)
        await self.in_thread(process.wait, 20)
        self.assertEqual((process.returncode, errors), (0, b""))

    async def test_closed_pipe_follow(self) -> None:
        """One that follows ends quietly too, at the first event that nobody reads."""
        await self.serve()
        report_many(self.history, 1)
        process = self.begin("events", "--follow")
        stdout = _output(process.stdout)
        await self.in_thread(stdout.readline)
        stdout.close()
        report_many(self.history, 1)
        errors = await self.in_thread(_output(process.stderr).read)
        await self.in_thread(process.wait, 20)
        self.assertEqual((process.returncode, errors), (0, b""))

    async def test_pager(self) -> None:
        """A pager that waits for a key keeps no connection to the daemon."""
        server = await self.serve()
        for _ in range(30):
            self.history.report({"kind": "slept", "reason": "x" * 50_000})
        process = self.begin("events")
        await self.in_thread(_output(process.stdout).readline)
        await self.until(lambda: not server._connections)
        self.assertIsNone(process.poll())

    async def test_unreachable(self) -> None:
        """Without a daemon it is one line and exit code 3."""
        self.assert_unreachable(await self.heart("events"))
        self.assert_unreachable(await self.heart("events", "--follow"))


def _output(stream: IO[Any] | None) -> io.BufferedReader:
    """A pipe from a process that has one."""
    if not isinstance(stream, io.BufferedReader):
        raise TypeError("expected a process with a pipe")
    return stream

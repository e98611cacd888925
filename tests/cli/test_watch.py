"""`heart status --watch`, as a real process beside a real control server that comes and goes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from copy import deepcopy
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from heart.cli.watch import without_figures
from tests.cli.daemon import CommandCase, Ended
from tests.control import fakes
from tests.status.test_view import STATUS

ALTERNATE, NORMAL = b"\x1b[?1049h", b"\x1b[?1049l"  # to the screen of its own, and back


class WatchCase(CommandCase):
    """A daemon whose status the test changes. What the command writes is read as it comes."""

    def setUp(self) -> None:
        """A daemon with something to tell."""
        super().setUp()
        self.output = b""
        self.tell(STATUS)

    def tell(self, status: dict[str, Any]) -> None:
        """From now on this is the status."""
        self.patch(fakes, "STATUS", deepcopy(status))

    def watch(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """Begin to watch."""
        return self.begin("status", "--watch", *words, **options)

    async def shown(self, source: int, text: bytes) -> bytes:
        """Everything that was written up to and with this text, which is taken away."""
        while text not in self.output:
            self.output += await self.in_thread(os.read, source, 65_536)
        end = self.output.index(text) + len(text)
        before, self.output = self.output[:end], self.output[end:]
        return before

    async def assert_ends_well(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """The signal ends it quietly, as done."""
        process.send_signal(number)
        await self.in_thread(process.wait, 20)
        self.assertEqual(process.returncode, 0)


class FirstTests(WatchCase):
    """Where there is nothing to begin with."""

    async def test_unreachable(self) -> None:
        """Without a daemon it is one line and exit code 3, in each mode."""
        self.assert_unreachable(await self.heart("status", "--watch"))
        self.assert_unreachable(await self.heart("status", "--watch", "--json"))

    async def test_no_status(self) -> None:
        """What answers with something else is refused in one line."""
        await self.serve({"status": lambda request: []})
        ended = await self.heart("status", "--watch")
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr.count("\n")), (1, "", 1))


class JsonTests(WatchCase):
    """With --json."""

    async def test_lines(self) -> None:
        """One object a line, each second; Ctrl-C ends it quietly, as done."""
        await self.serve()
        process = self.watch("--json")
        lines = [await self.in_thread(process.stdout.readline) for _ in range(3)]  # type: ignore[union-attr]
        self.assertEqual([json.loads(line) for line in lines], [STATUS] * 3)
        ended = await self.interrupt(process)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))

    async def test_restart(self) -> None:
        """While the daemon is away there is no line; that is told once on standard error; then it goes on."""
        server = await self.serve()
        process = self.watch("--json")
        readline = process.stdout.readline  # type: ignore[union-attr]
        await self.in_thread(readline)
        await server.stop()
        told = await self.in_thread(process.stderr.readline)  # type: ignore[union-attr]
        self.assertRegex(
            told.decode(), rf"\Acannot be reached since \d.*Z: {self.path}: there is no such socket"
        )
        self.tell({**STATUS, "incarnation": 18})
        await self.serve()
        while json.loads(await self.in_thread(readline))["incarnation"] != 18:
            pass
        ended: Ended[str] = await self.interrupt(process)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))


class PipeTests(WatchCase):
    """Where the output is no terminal."""

    async def test_changes(self) -> None:
        """The status is printed when it changes, and not when only its figures do."""
        await self.serve()
        process = self.watch()
        source = process.stdout.fileno()  # type: ignore[union-attr]
        first = await self.shown(source, b"LOST")
        self.assertRegex(first.decode(), r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\ncluster web, node alpha")
        changed = deepcopy(STATUS)
        changed["links"][0]["peers"][0] |= {"heard": 0.01, "received": 7777}
        self.tell(changed)
        await self.in_thread(signal.sigtimedwait, (), 2.5)
        changed["services"][0]["holder"] = "beta"
        self.tell(changed)
        second = await self.shown(source, b"LOST")
        self.assertEqual(second.count(b"\ncluster web"), 1, second)
        self.assertRegex(second.decode(), r"\nweb +beta +held")
        self.assertNotIn(b"\x1b", first + second)
        await self.assert_ends_well(process, signal.SIGINT)

    async def test_restart(self) -> None:
        """That the daemon is away is one line, and the status is printed anew once it is back."""
        server = await self.serve()
        process = self.watch()
        source = process.stdout.fileno()  # type: ignore[union-attr]
        await self.shown(source, b"LOST")
        await server.stop()
        gone = await self.shown(source, b"is the daemon running?\n")
        self.assertIn(f"Z: {self.path}: there is no such socket".encode(), gone)
        await self.serve()
        back = await self.shown(source, b"LOST")
        self.assertNotIn(b"cannot be reached", back)
        await self.assert_ends_well(process, signal.SIGINT)

    async def test_dumb_terminal(self) -> None:
        """On a terminal that cannot be drawn upon it is the same as in a pipe."""
        await self.serve()
        ours, theirs = pty.openpty()
        process = self.watch(stdout=theirs, env={"TERM": "dumb"})
        os.close(theirs)
        self.addCleanup(os.close, ours)
        self.assertNotIn(b"\x1b", await self.shown(ours, b"LOST"))
        await self.assert_ends_well(process, signal.SIGINT)


class ScreenTests(WatchCase):
    """On a terminal."""

    def on_terminal(self, **environment: str) -> subprocess.Popen[bytes]:
        """Begin to watch on a terminal; `self.ours` is our end of it."""
        self.ours, theirs = pty.openpty()
        wanted = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "60", **environment}
        process = self.watch(stdout=theirs, env=wanted)
        os.close(theirs)
        self.addCleanup(os.close, self.ours)
        return process

    async def test_drawn_in_place(self) -> None:
        """It has a screen of its own, says how old the status is, and gives the terminal back at the end."""
        await self.serve()
        process = self.on_terminal()
        first = await self.shown(self.ours, b"Ctrl-C ends")
        self.assertIn(ALTERNATE, first)
        self.assertRegex(first.decode(), r"heart status, 0\.\d s old")
        await self.shown(self.ours, b"Ctrl-C ends")
        await self.assert_ends_well(process, signal.SIGINT)
        await self.shown(self.ours, NORMAL)

    async def test_ended_from_elsewhere(self) -> None:
        """SIGTERM gives the terminal back, too."""
        await self.serve()
        process = self.on_terminal()
        await self.shown(self.ours, b"Ctrl-C ends")
        await self.assert_ends_well(process, signal.SIGTERM)
        await self.shown(self.ours, NORMAL)

    async def test_restart(self) -> None:
        """While the daemon is away its last words are shown as past, with since when and why; then anew."""
        server = await self.serve()
        process = self.on_terminal()
        await self.shown(self.ours, b"LOST")
        await server.stop()
        await self.shown(self.ours, b"THE DAEMON CANNOT BE REACHED since")
        past = await self.shown(self.ours, b"LOST")
        for told in (b"there is no such socket", b"it may hold no more", b"was held", b"was late"):
            self.assertIn(told, past)
        await self.serve()
        await self.shown(self.ours, b"\x1b[32mheld")
        await self.assert_ends_well(process, signal.SIGINT)

    async def test_hung(self) -> None:
        """A daemon that does not answer is said to, before it is known whether it ever will."""
        server = await self.serve()
        process = self.on_terminal()
        await self.shown(self.ours, b"LOST")
        server._commands["status"] = lambda request: Deferred()
        await self.shown(self.ours, b"THE DAEMON DOES NOT ANSWER")
        self.assertIn(b"was held", await self.shown(self.ours, b"LOST"))
        await self.assert_ends_well(process, signal.SIGINT)

    async def test_poor_encoding(self) -> None:
        """A terminal without the letters of a reason shows the rest."""
        self.tell({"nodes": [{"name": "beta", "state": "dead", "reason": "früh gegangen"}]})
        await self.serve()
        process = self.on_terminal(PYTHONIOENCODING="ascii")
        await self.shown(self.ours, b"fr?h gegangen")
        await self.assert_ends_well(process, signal.SIGINT)


class FigureTests(SynchronousTestCase):
    """What counts as a change."""

    def test_figures(self) -> None:
        """Ages, counts and lateness do not; states, reasons and all the rest do."""
        figures = deepcopy(STATUS)
        figures["lateness"]["minute"] = 0.5
        figures["links"][0] |= {"skipped": 13, "refused": {"key": 1}}
        figures["links"][0]["peers"][0] |= {"heard": 0.01, "sent": 8, "lost": 3, "round_trip": None}
        self.assertEqual(without_figures(figures), without_figures(STATUS))
        for key, changed in (
            ("nodes", {"reason": "x"}),
            ("nodes", {"attributes": {}}),
            ("links", {"state": "down"}),
            ("services", {"term": 1}),
            ("services", {"failed": {"beta": "x"}}),
        ):
            other = deepcopy(STATUS)
            other[key][0] |= changed
            self.assertNotEqual(without_figures(other), without_figures(STATUS), changed)

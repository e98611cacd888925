"""The link `unix`, on real sockets."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from heart.interfaces import InThread
from twisted.internet import reactor as global_reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from heart_example.unix import UnixLink

reactor = cast(Any, global_reactor)
in_thread = cast(InThread, deferToThread)
PATIENCE = 8.0


class Notes:
    """Writes down what a link tells."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.told: list[str] = []

    def frames_received(self, link: str, frames: Sequence[bytes]) -> None:
        """Frames came."""
        self.frames += frames

    def link_up(self, link: str) -> None:
        """It is up."""
        self.told.append("up")

    def link_down(self, link: str, reason: str) -> None:
        """It is down."""
        self.told.append(reason)


class UnixTests(TestCase):
    """Two links that lead to each other."""

    def setUp(self) -> None:
        """A folder with a short name."""
        self.folder = Path(tempfile.mkdtemp(prefix="heart-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.here, self.there = self.folder / "here", self.folder / "there"

    async def open(self, path: Path, peer: Path) -> tuple[UnixLink, Notes]:
        """A link that is up; it is stopped at the end."""
        link, notes = UnixLink("pair", str(path), str(peer), reactor, in_thread), Notes()
        self.addCleanup(link.stop)
        link.start(notes)
        await self.until(lambda: notes.told == ["up"], f"it is up, told {notes.told}")
        return link, notes

    async def until(self, true: Callable[[], object], what: str) -> None:
        """Wait for something, but not for ever."""
        end = reactor.seconds() + PATIENCE
        while not true():
            if reactor.seconds() > end:
                self.fail(f"waited in vain: {what}")
            await deferLater(reactor, 0.005)

    async def test_frames(self) -> None:
        """What one sends the other hears, whole, whichever came first."""
        one, heard_by_one = await self.open(self.here, self.there)
        self.assertFalse(one.send(b"nobody is there"))
        two, heard_by_two = await self.open(self.there, self.here)
        await self.until(lambda: one.send(bytes(1200)), "it finds its peer")
        await self.until(lambda: two.send(b"back"), "it is found")
        await self.until(lambda: heard_by_one.frames and heard_by_two.frames, "both hear")
        self.assertEqual((heard_by_one.frames, heard_by_two.frames), ([b"back"], [bytes(1200)]))
        self.assertGreaterEqual(one.skipped, 1)

    async def test_peer_comes_back(self) -> None:
        """A peer that is started anew is found again; meanwhile the link stays up."""
        one, notes = await self.open(self.here, self.there)
        two, _ = await self.open(self.there, self.here)
        await self.until(lambda: one.send(b"x"), "it finds its peer")
        await two.stop()
        self.assertFalse(one.send(b"x"))
        _, heard = await self.open(self.there, self.here)
        await self.until(lambda: one.send(b"again"), "it finds it again")
        await self.until(lambda: heard.frames == [b"again"], "it is heard")
        self.assertEqual(notes.told, ["up"])

    async def test_peer_stuck(self) -> None:
        """A peer that does not read takes no more frames at some time: nothing blocks, and it is not lost."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stuck:
            stuck.bind(str(self.there))
            one, _ = await self.open(self.here, self.there)
            await self.until(lambda: one.send(b"x"), "it finds its peer")
            await self.until(lambda: not one.send(bytes(1200)), "the peer's buffer is full")
            stuck.recv(2048)
            self.assertTrue(one.send(b"x"))

    async def test_drain(self) -> None:
        """What has arrived is handed over without a turn of the reactor, and nothing where nothing has."""
        one, _ = await self.open(self.here, self.there)
        two, heard = await self.open(self.there, self.here)
        await self.until(lambda: one.send(b"x"), "it finds its peer")
        await self.until(lambda: heard.frames, "it is heard")
        one.send(b"early")
        two.drain()
        two.drain()
        self.assertEqual(heard.frames, [b"x", b"early"])

    async def test_in_use(self) -> None:
        """A socket that another process has is left to it: the link says so once, and tries again."""
        first, _ = await self.open(self.here, self.there)
        notes = Notes()
        second = UnixLink("pair", str(self.here), str(self.there), reactor, in_thread)
        self.addCleanup(second.stop)
        second.start(notes)
        await self.until(lambda: notes.told, "it is told")
        self.assertEqual(notes.told, [f"{self.here}: Address already in use"])
        self.assertFalse(second.send(b"x"))
        await first.stop()
        await self.until(lambda: len(notes.told) > 1, "it is tried again")
        self.assertEqual(notes.told[1:], ["up"])

    async def test_other_file(self) -> None:
        """A file that is no socket is never removed."""
        self.here.write_text("dear to somebody")
        notes = Notes()
        link = UnixLink("pair", str(self.here), str(self.there), reactor, in_thread)
        self.addCleanup(link.stop)
        link.start(notes)
        await self.until(lambda: notes.told, "it is told")
        self.assertEqual(notes.told, [f"{self.here}: Address already in use"])
        self.assertEqual(self.here.read_text(), "dear to somebody")

    async def test_stop(self) -> None:
        """A link that is stopped while it opens opens nothing, tells nothing, and may be stopped twice."""
        notes = Notes()
        link = UnixLink("pair", str(self.here), str(self.there), reactor, in_thread)
        link.start(notes)
        await link.stop()
        await link.stop()
        self.assertEqual((notes.told, link.fileno(), link.descriptor()), ([], -1, None))
        self.assertFalse(link.send(b"x"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
            self.assertRaises(OSError, probe.connect, str(self.here))

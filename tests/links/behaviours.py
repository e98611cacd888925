"""What every link does, whatever its medium; each medium's tests mix this in."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from heart.interfaces import ILink
from tests.links.wires import LinkTestCase, Notes, reactor


def open_descriptors() -> list[str]:
    """What this process has open, by its name."""
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115
        except OSError:
            continue
    return sorted(name for name in found if not name.startswith(("/proc", "anon_inode")))


if TYPE_CHECKING:
    _Base = LinkTestCase
else:  # trial would run a TestCase by itself
    _Base = object


class LinkBehaviours(_Base):
    """To be mixed into a LinkTestCase that says how to make links on its medium."""

    def make_pair(self) -> tuple[ILink, ILink]:
        """Two links that hear each other once started."""
        raise NotImplementedError

    def make_dead(self) -> tuple[ILink, str]:
        """A link that cannot be opened, and the name that its reason must tell."""
        raise NotImplementedError

    async def open(self, link: ILink) -> Notes:
        """Start a link and wait until it is up; it is stopped when the test ends."""
        notes = Notes()
        link.start(notes)
        self.addCleanup(link.stop)
        await self.until(lambda: notes.up, f"link {link.name} is up, told {notes.told}")
        return notes

    def test_interface(self) -> None:
        """It provides ILink."""
        for link in self.make_pair():
            verifyObject(ILink, link)

    def test_frames_arrive_whole(self) -> Deferred[None]:
        """Frames of every content and size, sent one by one, arrive whole and in order."""
        sent = [b"x", bytes(1200), bytes(range(256)), b"\xff" * 1200, b"beat" * 40]
        return self.run_coroutine(self._frames_arrive(sent))

    async def _frames_arrive(self, sent: list[bytes]) -> None:
        one, two = self.make_pair()
        await self.open(one)
        heard = await self.open(two)
        for count, frame in enumerate(sent, start=1):
            self.assertTrue(one.send(frame))
            await self.until(lambda count=count: len(heard.frames) >= count, f"{count} frames arrive")  # type: ignore[misc]
        self.assertEqual(heard.frames, sent)
        self.assertEqual(one.skipped, 0)

    def test_both_directions(self) -> Deferred[None]:
        """Each of the two hears the other."""
        return self.run_coroutine(self._both_directions())

    async def _both_directions(self) -> None:
        one, two = self.make_pair()
        first, second = await self.open(one), await self.open(two)
        one.send(b"from one")
        two.send(b"from two")
        await self.until(lambda: b"from two" in first.frames, "the first hears")
        await self.until(lambda: b"from one" in second.frames, "the second hears")

    def test_down_gives_one_reason(self) -> Deferred[None]:
        """A medium that is not there is told once, by name, however often it is tried; nothing is sent."""
        return self.run_coroutine(self._down_gives_one_reason())

    async def _down_gives_one_reason(self) -> None:
        link, name = self.make_dead()
        notes = Notes()
        link.start(notes)
        self.addCleanup(link.stop)
        await self.until(lambda: self.thread_calls >= 3, "it is tried three times")
        await self.until(lambda: notes.told, "it is told")
        self.assertEqual(len(notes.told), 1, notes.told)
        self.assertIn(name, notes.reasons[0])
        self.assertNotIn("\n", notes.reasons[0])
        self.assertFalse(link.send(b"beat"))
        self.assertEqual(link.skipped, 1)
        self.assertIsNone(link.descriptor())

    def test_descriptor(self) -> Deferred[None]:
        """An open link has a descriptor that another process could inherit; a stopped one has none."""
        return self.run_coroutine(self._descriptor())

    async def _descriptor(self) -> None:
        one, _ = self.make_pair()
        self.assertIsNone(one.descriptor())
        await self.open(one)
        descriptor = one.descriptor()
        assert descriptor is not None
        os.fstat(descriptor)
        await one.stop()
        self.assertIsNone(one.descriptor())

    def test_drain(self) -> Deferred[None]:
        """What the system has received is handed over by drain, without a turn of the reactor."""
        return self.run_coroutine(self._drain())

    async def _drain(self) -> None:
        one, two = self.make_pair()
        await self.open(one)
        heard = await self.open(two)
        two.drain()
        self.assertEqual(heard.frames, [])
        self.feed_without_reactor(one, two, b"early")
        two.drain()
        self.assertEqual(heard.frames, [b"early"])

    def feed_without_reactor(self, one: ILink, two: ILink, frame: bytes) -> None:
        """Bring a frame from the one link into the other's socket or device, with no turn of the reactor."""
        one.send(frame)

    def test_user_that_raises(self) -> Deferred[None]:
        """A user that raises over frames costs those frames, and is logged once."""
        return self.run_coroutine(self._user_that_raises())

    async def _user_that_raises(self) -> None:
        one, two = self.make_pair()
        await self.open(one)
        heard = await self.open(two)
        taking = heard.frames_received

        def refuse(link: str, frames: Sequence[bytes]) -> None:
            taking(link, frames)
            raise BlockingIOError("a fault in the user")

        self.patch(heard, "frames_received", refuse)
        for count in (1, 2, 3):
            self.assertTrue(one.send(b"beat"))
            await self.until(lambda count=count: len(heard.frames) >= count, f"{count} frames arrive")  # type: ignore[misc]
        self.assertTrue(heard.up)
        self.assertEqual(len(self.flushLoggedErrors(BlockingIOError)), 1)

    def test_stop_leaves_nothing(self) -> Deferred[None]:
        """After stop no descriptor is open, no call is pending, and nothing more is told or sent."""
        return self.run_coroutine(self._stop_leaves_nothing())

    async def _stop_leaves_nothing(self) -> None:
        one, two = self.make_pair()
        await self.in_thread(Path.cwd)  # the reactor and the pool have what they need before we count
        before = open_descriptors()
        calls = set(reactor.getDelayedCalls())
        notes = await self.open(one)
        await self.open(two)
        told = list(notes.told)
        await one.stop()
        await two.stop()
        gc.collect()
        self.assertEqual(open_descriptors(), before)
        self.assertEqual([call for call in reactor.getDelayedCalls() if call not in calls], [])
        self.assertFalse(one.send(b"beat"))
        self.assertEqual(notes.told, told)

    def test_stop_at_once(self) -> Deferred[None]:
        """A link that is stopped while it is being opened opens nothing and tells nothing afterwards."""
        return self.run_coroutine(self._stop_at_once())

    async def _stop_at_once(self) -> None:
        one, _ = self.make_pair()
        await self.in_thread(Path.cwd)  # the reactor and the pool have what they need before we count
        before = open_descriptors()
        notes = Notes()
        one.start(notes)
        told = list(notes.told)
        await one.stop()
        await one.stop()
        self.assertEqual(open_descriptors(), before)
        self.assertEqual(notes.told, told)
        self.assertIsNone(one.descriptor())

"""Small files that never hold up a beat."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from heart.node.files import LatestFile, write_whole
from tests.node.support import StalledThread, at_once, logged

NAMESPACE = "heart.node.files"
P = ParamSpec("P")
T = TypeVar("T")


class LatestFileTests(SynchronousTestCase):
    """Which content is written, and when."""

    def setUp(self) -> None:
        """A path in a folder that does not exist yet."""
        self.path = Path(self.mktemp(), "state", "web.alpha.json")
        self.thread = StalledThread()

    def make(self) -> LatestFile:
        """A file whose writes stall until the test lets them go on."""
        return LatestFile(self.path, self.thread, durable=True)

    def test_written(self) -> None:
        """What is to be written is in the file once the thread has done its work, and not before."""
        file = self.make()
        file.write(b"one")
        self.assertFalse(self.path.exists())
        self.thread.go_on()
        self.assertEqual(self.path.read_bytes(), b"one")

    def test_only_the_newest(self) -> None:
        """Of what comes while a write stalls only the newest is written after it."""
        file = self.make()
        for content in (b"one", b"two", b"three", b"four"):
            file.write(content)
        self.thread.go_on()
        self.assertEqual(self.path.read_bytes(), b"one")
        self.thread.go_on()
        self.assertEqual(self.path.read_bytes(), b"four")
        self.assertEqual((self.thread.begun, self.thread.waiting), (2, []))

    def test_one_at_a_time(self) -> None:
        """A second write does not begin while the first is under way, or the older could win."""
        file = self.make()
        file.write(b"one")
        file.write(b"two")
        self.assertEqual(self.thread.begun, 1)

    @given(st.lists(st.one_of(st.none(), st.binary(max_size=4)), max_size=30))
    def test_the_last_word_wins(self, steps: list[bytes | None]) -> None:
        """However writes and stalls are mixed, in the end the file holds what was given last."""
        thread = StalledThread()
        path = Path(self.mktemp(), "file")
        file = LatestFile(path, thread, durable=False)
        for content in steps:
            if content is not None:
                file.write(content)
            elif thread.waiting:
                thread.go_on()
            self.assertLessEqual(len(thread.waiting), 1)
        while thread.waiting:
            thread.go_on()
        given_ = [content for content in steps if content is not None]
        self.assertEqual(path.read_bytes() if path.exists() else None, given_[-1] if given_ else None)

    def test_stall_stops_nothing(self) -> None:
        """While a thread hangs in the kernel for ever, `write` still returns at once, however often."""
        began, hang = threading.Event(), threading.Event()
        self.addCleanup(hang.set)

        def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
            def stall() -> None:
                began.set()
                hang.wait()

            threading.Thread(target=stall, daemon=True).start()
            return Deferred()

        file = LatestFile(self.path, in_thread, durable=True)
        for number in range(1000):
            file.write(b"%d" % number)
        self.assertTrue(began.wait(10))
        self.assertNoResult(file.written())

    def test_told_when_written(self) -> None:
        """Who waits for the file is told when nothing waits to be written any more, not earlier."""
        file = self.make()
        self.successResultOf(file.written())
        file.write(b"one")
        waiting = [file.written(), file.written()]
        file.write(b"two")
        self.thread.go_on()
        for written in waiting:
            self.assertNoResult(written)
        self.thread.go_on()
        for written in waiting:
            self.successResultOf(written)
        self.successResultOf(file.written())

    def test_told_also_of_failure(self) -> None:
        """Who waits for the file is told, too, where it cannot be written: the end does not wait for ever."""
        self.path.parent.parent.write_text("no folder")
        file = self.make()
        file.write(b"one")
        written = file.written()
        self.thread.go_on()
        self.successResultOf(written)


class BadDiskTests(SynchronousTestCase):
    """Where writing fails."""

    def setUp(self) -> None:
        """A file that was written once."""
        self.folder = Path(self.mktemp())
        self.path = self.folder / "file"
        self.file = LatestFile(self.path, at_once, durable=True)
        self.file.write(b"old")
        self.log = logged(self, NAMESPACE)

    def test_logged_once(self) -> None:
        """A folder that cannot be written is told of once, with the file's path; once mended, once more."""
        self.path.unlink()
        self.folder.rmdir()
        self.folder.write_text("this is where the folder was")
        for content in (b"one", b"two", b"three"):
            self.file.write(content)
        self.assertEqual(self.log.levels, ["error"])
        self.assertTrue(self.log.lines[0].startswith(f"{self.path} cannot be written: "), self.log.lines)
        self.assertEqual(self.log.lines[0].count("\n"), 0)
        self.folder.unlink()
        for content in (b"four", b"five"):
            self.file.write(content)
        self.assertEqual(self.log.lines[1:], [f"{self.path} can be written again"])
        self.assertEqual(self.path.read_bytes(), b"five")

    def test_another_reason(self) -> None:
        """A reason that changes is told again."""
        draft = Path(f"{self.path}.new")
        draft.mkdir()
        self.file.write(b"one")
        draft.rmdir()
        draft.symlink_to("/dev/full")
        self.file.write(b"two")
        self.file.write(b"three")
        self.assertEqual(len(self.log.lines), 2)
        self.assertIn("Is a directory", self.log.lines[0])
        self.assertIn("No space left", self.log.lines[1])

    def test_disk_full(self) -> None:
        """On a full disk the old content stays, whole; with space again the newest is written."""
        draft = Path(f"{self.path}.new")
        draft.symlink_to("/dev/full")
        self.file.write(b"new" * 100_000)
        self.assertEqual(self.path.read_bytes(), b"old")
        draft.unlink()
        self.file.write(b"new")
        self.assertEqual(self.path.read_bytes(), b"new")

    def test_next_is_tried(self) -> None:
        """What came while a failing write was under way is tried after it."""
        thread = StalledThread()
        file = LatestFile(self.path, thread, durable=True)
        draft = Path(f"{self.path}.new")
        draft.mkdir()
        file.write(b"one")
        file.write(b"two")
        thread.go_on()
        draft.rmdir()
        thread.go_on()
        self.assertEqual(self.path.read_bytes(), b"two")


class WholeTests(SynchronousTestCase):
    """What a reader can see, and what is left after a failure."""

    def setUp(self) -> None:
        """A folder."""
        self.folder = Path(self.mktemp())
        self.path = self.folder / "file"

    def test_never_half(self) -> None:
        """A reader beside the writer sees one content or another, never a part or a mixture."""
        size, stop = 300_000, threading.Event()
        write_whole(self.path, b"a" * size, durable=False)

        def write() -> None:
            letters = b"abcdefgh"
            for number in range(10_000):
                if stop.is_set():
                    return
                write_whole(self.path, letters[number % 8 : number % 8 + 1] * size, durable=False)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            seen = [self.path.read_bytes() for _ in range(300)]
        finally:
            stop.set()
            writer.join()
        self.assertEqual({(len(content), len(set(content))) for content in seen}, {(size, 1)})
        self.assertGreater(len({content[:1] for content in seen}), 1, "nothing was written meanwhile")

    def test_interrupted(self) -> None:
        """What a crash in the middle of writing leaves beside the file harms neither it nor the next."""
        write_whole(self.path, b"old", durable=True)
        Path(f"{self.path}.new").write_bytes(b"half of something that was much lon")
        self.assertEqual(self.path.read_bytes(), b"old")
        write_whole(self.path, b"new", durable=True)
        self.assertEqual(self.path.read_bytes(), b"new")
        self.assertEqual([entry.name for entry in self.folder.iterdir()], ["file"])

    def test_short_writes(self) -> None:
        """A kernel that takes a few bytes at a time gets all of them."""
        real = os.write
        self.patch(os, "write", lambda descriptor, data: real(descriptor, bytes(data[:3])))
        write_whole(self.path, b"0123456789", durable=False)
        self.assertEqual(self.path.read_bytes(), b"0123456789")

    def test_durable(self) -> None:
        """What must survive the machine is on the disk before it takes the old content's place."""
        order: list[str] = []
        fsync, replace = os.fsync, Path.replace

        def sync(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                order.append("sync the folder")
            else:
                self.assertEqual(os.fstat(descriptor).st_size, 3)
                order.append("sync")
            fsync(descriptor)

        def rename(draft: Path, target: Path) -> Path:
            order.append("rename")
            return replace(draft, target)

        self.patch(os, "fsync", sync)
        self.patch(Path, "replace", rename)
        write_whole(self.path, b"new", durable=False)
        self.assertEqual(order, ["rename"])
        write_whole(self.path, b"new", durable=True)
        self.assertEqual(order[1:], ["sync", "rename", "sync the folder"])

    def test_private(self) -> None:
        """The file is for its owner alone, also under a generous umask; its folder is made."""
        umask = os.umask(0)
        self.addCleanup(os.umask, umask)
        write_whole(self.path, b"new", durable=False)
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.folder.stat().st_mode), 0o755)

    def test_closes(self) -> None:
        """A write that fails leaves no descriptor open: a daemon may fail so a million times."""
        self.folder.mkdir()
        Path(f"{self.path}.new").symlink_to("/dev/full")
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            self.assertRaises(OSError, write_whole, self.path, b"new", True)
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)

"""One daemon for a node on a machine."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from heart.node.lock import NodeLock, NodeLocked
from tests.node.processes import begin_python, ended, read_line, until
from tests.node.support import short_folder

NOBODY = 65534

HOLDER = """
import sys
from pathlib import Path
from heart.node.lock import NodeLock
lock = NodeLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""

FORKING = """
import os, sys
from pathlib import Path
from heart.node.lock import NodeLock
lock = NodeLock(Path(sys.argv[1]))
if os.fork() == 0:
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""

WITH_CHILD = """
import subprocess, sys
from pathlib import Path
from heart.node.lock import NodeLock
lock = NodeLock(Path(sys.argv[1]))
child = subprocess.Popen(["sleep", "1000"], close_fds=False, stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.read()
"""


class LockTests(SynchronousTestCase):
    """Who has the lock, and for how long."""

    def setUp(self) -> None:
        """A path in a folder that does not exist yet."""
        self.path = Path(self.mktemp(), "run", "web.alpha.lock").absolute()

    def refusal(self) -> str:
        """The line that says why the lock cannot be had."""
        line = str(self.assertRaises(NodeLocked, NodeLock, self.path))
        self.assertEqual(len(line.splitlines()), 1, line)
        return line

    def test_second(self) -> None:
        """A second lock is refused in one line that names the path and says what to do."""
        first = NodeLock(self.path)
        self.addCleanup(first.release)
        line = self.refusal()
        self.assertTrue(line.startswith(f"{self.path}: another daemon "), line)
        self.assertIn("stop it first", line)

    def test_released(self) -> None:
        """A lock that was released can be had again, though its file is still there."""
        NodeLock(self.path).release()
        self.assertTrue(self.path.exists())
        NodeLock(self.path).release()

    def test_others(self) -> None:
        """Another node on the same machine has a lock of its own."""
        self.addCleanup(NodeLock(self.path).release)
        self.addCleanup(NodeLock(self.path.with_name("web.beta.lock")).release)

    def test_refused_closes(self) -> None:
        """A refusal leaves no descriptor open."""
        self.addCleanup(NodeLock(self.path).release)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(10):
            self.refusal()
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)

    def test_folder(self) -> None:
        """The folder that it makes can be used again, under any umask, and lets nobody else write."""
        for umask in (0, 0o002, 0o022, 0o077):
            self.addCleanup(os.umask, os.umask(umask))
            self.path = Path(self.mktemp(), "run", "web.alpha.lock")
            for _ in range(2):
                NodeLock(self.path).release()
            self.assertFalse(self.path.parent.stat().st_mode & 0o022)

    def test_killed(self) -> None:
        """The lock of a daemon that was killed is free at once: nobody has to remove a file."""
        holder = begin_python(self, HOLDER, str(self.path))
        self.assertEqual(read_line(holder), "held")
        self.refusal()
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
        NodeLock(self.path).release()

    def test_stopped(self) -> None:
        """The lock of a daemon that is only paused is not free: it may go on at any time."""
        holder = begin_python(self, HOLDER, str(self.path))
        self.assertEqual(read_line(holder), "held")
        holder.send_signal(signal.SIGSTOP)
        self.refusal()

    def test_fork(self) -> None:
        """A daemon that goes to the background keeps its lock for as long as it lives there."""
        parent = begin_python(self, FORKING, str(self.path))
        child = int(read_line(parent))
        self.assertEqual(parent.wait(10), 0)
        self.refusal()
        os.kill(child, signal.SIGKILL)
        until(lambda: ended(child), "the child has ended")
        NodeLock(self.path).release()

    def test_children(self) -> None:
        """What a daemon started does not keep the lock when the daemon is gone, else none could follow it."""
        holder = begin_python(self, WITH_CHILD, str(self.path))
        child = int(read_line(holder))
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
        self.assertFalse(ended(child))
        NodeLock(self.path).release()


class UnusableTests(SynchronousTestCase):
    """Where the lock's file cannot be had, or not safely."""

    def setUp(self) -> None:
        """A folder that others may enter."""
        self.folder = short_folder(self)
        self.folder.chmod(0o755)
        self.path = self.folder / "web.alpha.lock"

    def assert_refused(self, begin: Path, *words: str) -> None:
        """It is refused in one line that begins with that path and has these words."""
        line = str(self.assertRaises(NodeLocked, NodeLock, self.path))
        self.assertEqual(len(line.splitlines()), 1, line)
        self.assertTrue(line.startswith(f"{begin}: "), line)
        for word in words:
            self.assertIn(word, line)

    def test_symlink(self) -> None:
        """A link in its place is not followed: the file to which it leads is neither locked nor made."""
        for target in (self.folder / "absent", self.folder / "there"):
            self.path.unlink(missing_ok=True)
            self.path.symlink_to(target)
            self.assert_refused(self.path, "cannot be locked")
            self.assertFalse((self.folder / "absent").exists())
            (self.folder / "there").touch()

    def test_directory(self) -> None:
        """A directory in its place."""
        self.path.mkdir()
        self.assert_refused(self.path, "cannot be locked", "directory", "`paths.run`")

    def test_no_folder(self) -> None:
        """A file where the folder should be."""
        (self.folder / "run").touch()
        self.path = self.folder / "run" / "web.alpha.lock"
        self.assert_refused(self.path, "cannot be locked", "`paths.run`")

    def test_unwritable(self) -> None:
        """A folder where this user may not write, which is said with what is expected."""
        self.folder.chmod(0o555)
        if os.geteuid() == 0:
            self.addCleanup(os.seteuid, 0)
            os.seteuid(NOBODY)
        self.assert_refused(self.path, "Permission denied", "this user may write")

    def test_strangers_folder(self) -> None:
        """A folder that belongs to another user, who could put there what he likes, is refused."""
        if os.geteuid() != 0:
            raise SkipTest("needs root, to give a folder to another user")
        os.chown(self.folder, NOBODY, -1)
        self.assert_refused(self.folder, f"belongs to user {NOBODY}", "expected")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_open_folder(self) -> None:
        """A folder where its group or others may write is refused, whoever owns it."""
        for mode in (0o775, 0o757, 0o1777):
            self.folder.chmod(mode)
            self.assert_refused(self.folder, f"mode {mode:o}", "no other user may write")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_linked_folder(self) -> None:
        """A link to a folder is refused, also one to a good folder: it could be another one tomorrow."""
        (self.folder / "good").mkdir(0o755)
        (self.folder / "run").symlink_to(self.folder / "good")
        self.path = self.folder / "run" / "web.alpha.lock"
        self.assert_refused(self.folder / "run", "no symbolic link")

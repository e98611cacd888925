"""What a daemon holds, for the one that comes after it; and the end of scripts that were left running."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.interfaces import Tenure
from heart.linux.processes import start_of
from heart.node.ledger import Held, Ledger, Running, end_running, leftovers
from tests.node.processes import begin, ended, read_line, until
from tests.node.support import StalledThread, at_once


def tenure(service: str, term: int = 7, previous: str | None = "beta") -> Tenure:
    """A tenure of that service."""
    return Tenure("web", "alpha", service, term, "dead", previous)


class LedgerTests(SynchronousTestCase):
    """What is written, and read back."""

    def setUp(self) -> None:
        """A ledger in a folder that does not exist yet."""
        self.path = Path(self.mktemp(), "run", "web.alpha.held")
        self.ledger = Ledger(self.path, at_once)

    def assert_left(self, *held: Held) -> None:
        """The next daemon finds this."""
        self.assertEqual(leftovers(self.path), (held, None))

    def assert_unreadable(self, *words: str) -> None:
        """Nothing is found, and it is said in one line with the path and these words."""
        held, line = leftovers(self.path)
        self.assertEqual(held, ())
        assert line is not None
        self.assertTrue(line.startswith(f"{self.path}: "), line)
        self.assertEqual(len(line.splitlines()), 1, line)
        for word in (*words, "not known"):
            self.assertIn(word, line)

    def test_nothing(self) -> None:
        """Where no daemon was before, or none that held anything, there is nothing to say."""
        self.assert_left()

    def test_held(self) -> None:
        """What is held is found with its term and its holder before."""
        self.ledger.changed("site", tenure("site", 7, "beta"), ())
        self.ledger.changed("mail", tenure("mail", 8, None), ())
        self.assert_left(Held("site", 7, "beta", ()), Held("mail", 8, None, ()))

    def test_released(self) -> None:
        """What was let go of is found no more; what never was there may be let go of, too."""
        self.ledger.changed("site", tenure("site"), ())
        self.ledger.changed("mail", tenure("mail"), ())
        self.ledger.changed("site", None, ())
        self.ledger.changed("other", None, ())
        self.assert_left(Held("mail", 7, "beta", ()))
        self.ledger.changed("mail", None, ())
        self.assert_left()

    def test_scripts(self) -> None:
        """The scripts that run for it are found with the time of their start, and only while they run."""
        own = os.getpid()
        self.ledger.changed("site", tenure("site"), (own,))
        self.assert_left(Held("site", 7, "beta", (Running(own, start_of(own)),)))
        self.ledger.changed("site", tenure("site"), ())
        self.assert_left(Held("site", 7, "beta", ()))

    def test_nothing_waits(self) -> None:
        """A disk that stalls holds up nobody; what is written at last is the newest."""
        thread = StalledThread()
        ledger = Ledger(self.path, thread)
        ledger.changed("site", tenure("site", 1), ())
        ledger.changed("site", tenure("site", 2), ())
        ledger.changed("site", tenure("site", 3), ())
        written = ledger.written()
        thread.go_on()
        self.assertNoResult(written)
        thread.go_on()
        self.successResultOf(written)
        self.assert_left(Held("site", 3, "beta", ()))

    def test_damaged(self) -> None:
        """A file that ends too early, or says something else, is one line and nothing is released by it."""
        self.ledger.changed("site", tenure("site"), (os.getpid(),))
        whole = self.path.read_bytes()
        for length in range(len(whole)):
            self.path.write_bytes(whole[:length])
            self.assert_unreadable("is damaged")
        for content in (b"{}", b'"site"', b"[1]", b'[{"service":"site"}]', b"\xff\xfe", b"[" * 1_000_000):
            self.path.write_bytes(content)
            self.assert_unreadable("is damaged")

    def test_unreadable(self) -> None:
        """A directory in its place."""
        self.path.mkdir(parents=True)
        self.assert_unreadable("cannot be read")


class EndRunningTests(SynchronousTestCase):
    """Exactly the scripts of the daemon that was killed are ended."""

    def run_group(self) -> tuple[int, int]:
        """A script with a child, in a process group of its own: the numbers of both."""
        script = begin(self, ["/bin/sh", "-c", "sleep 1000 & echo $!; wait"], stdout=-1)
        return script.pid, int(read_line(script))

    def test_group(self) -> None:
        """The script that was recorded is killed with its children, and no other one is."""
        script, child = self.run_group()
        other, others_child = self.run_group()
        held = Held("site", 7, None, (Running(script, start_of(script)),))
        self.assertEqual(end_running(held), [script])
        until(lambda: ended(script) and ended(child), "the script and its child have ended")
        self.assertFalse(ended(other) or ended(others_child))

    def test_several(self) -> None:
        """All that are recorded are killed, and one that is gone already does not save the next."""
        gone = begin(self, ["/bin/true"])
        started = start_of(gone.pid)
        gone.wait(10)
        first, _ = self.run_group()
        second, _ = self.run_group()
        groups = ((gone.pid, started), (first, start_of(first)), (second, start_of(second)))
        held = Held("site", 7, None, tuple(Running(*group) for group in groups))
        self.assertEqual(end_running(held), [first, second])

    def test_number_used_again(self) -> None:
        """A process that has the number of a script that ended long ago is left alone."""
        script, child = self.run_group()
        for started in (start_of(script) - 1, start_of(script) + 1, 0):
            self.assertEqual(end_running(Held("site", 7, None, (Running(script, started),))), [])
        self.assertFalse(ended(script) or ended(child))

    def test_not_a_leader(self) -> None:
        """A number that is a process, but not one that leads a group, harms nobody."""
        script, child = self.run_group()
        self.assertEqual(end_running(Held("site", 7, None, (Running(child, start_of(child)),))), [])
        self.assertFalse(ended(script) or ended(child))

    def test_missing(self) -> None:
        """Nothing is signalled where there is no such process, or its start was not known."""
        signals: list[tuple[int, int]] = []
        absent = 2**22 + 1  # beyond the greatest number that Linux gives (proc(5), pid_max)
        held = Held("site", 7, None, (Running(absent, 1), Running(absent, 0), Running(0, 0), Running(-1, 1)))
        self.assertEqual(end_running(held, lambda group, number: signals.append((group, number))), [])
        self.assertEqual(signals, [])

    def test_by_force(self) -> None:
        """The signal is one that no script can ignore."""
        signals: list[tuple[int, int]] = []
        script, _ = self.run_group()
        held = Held("site", 7, None, (Running(script, start_of(script)),))
        end_running(held, lambda group, number: signals.append((group, number)))
        self.assertEqual(signals, [(script, signal.SIGKILL)])

    def test_not_ours(self) -> None:
        """A group that may not be signalled is not counted, and nothing is raised."""

        def refuse(group: int, number: int) -> None:
            raise PermissionError(1, "Operation not permitted")

        script, _ = self.run_group()
        self.assertEqual(end_running(Held("site", 7, None, (Running(script, start_of(script)),)), refuse), [])


class StartOfTests(SynchronousTestCase):
    """The time of a process's start."""

    def run_named(self, name: bytes) -> int:
        """A script with that file name, which runs."""
        folder = Path(self.mktemp())
        folder.mkdir()
        path = os.path.join(os.fsencode(folder.absolute()), name)  # noqa: PTH118, a Path holds no bytes
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(b"#!/bin/sh\necho runs\nread line\n")
        os.chmod(path, 0o755)  # noqa: PTH101
        script = begin(self, [path], stdin=-1, stdout=-1)
        self.assertEqual(read_line(script), "runs")
        return script.pid

    def test_stays(self) -> None:
        """It is the same whenever one asks."""
        self.assertGreater(start_of(os.getpid()), 0)
        self.assertEqual(start_of(os.getpid()), start_of(os.getpid()))

    def test_differs(self) -> None:
        """A process that was started later has a later one."""
        later = begin(self, ["/bin/sleep", "1000"])
        self.assertGreater(start_of(later.pid), start_of(os.getpid()))

    def test_unknown(self) -> None:
        """Of a process that does not exist it is 0."""
        self.assertEqual([start_of(number) for number in (0, -1, 2**22 + 1, 2**70)], [0, 0, 0, 0])

    def test_odd_name(self) -> None:
        """A script whose file name looks like fields of its own does not mislead."""
        script = self.run_named(b"x) R 1 2 3 (y")
        self.assertGreater(start_of(script), start_of(os.getpid()))
        self.assertEqual(start_of(script) // 10_000, start_of(begin(self, ["/bin/sleep", "9"]).pid) // 10_000)

    def test_cut_name(self) -> None:
        """A script whose name the kernel cuts in the middle of a letter is like any other.

        The kernel keeps 15 bytes of a name (proc(5), comm), here the first half of the last letter.
        """
        script = self.run_named("überwachung-für-web".encode())
        self.assertGreater(start_of(script), start_of(os.getpid()))

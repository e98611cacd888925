"""Real commands: good ones, and ones that are missing, hang, print for ever, die, or leave children."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from heart.process import Call, Outcome, call, run
from heart.process.output import KEPT
from heart.process.start import SEARCH_PATH, launcher

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


class ProcessCase(TestCase):
    """Runs commands, and leaves none behind."""

    timeout = 30

    def setUp(self) -> Deferred[None]:  # type: ignore[override]
        """Make a folder; the test begins in a reactor that runs, as Twisted's handling of children needs."""
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        return deferLater(reactor, 0)

    def script(self, text: str, name: str = "script", mode: int = 0o755) -> str:
        """An executable file with this text."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def sh(self, text: str, **options: object) -> Call:
        """Run a shell script."""
        return self.run_command([self.script(f"#!/bin/sh\n{text}\n")], **options)

    def ended_unseen(self, text: str) -> Call:
        """A shell script that has ended while our reactor stood still."""
        gate = self.folder / "gate"
        os.mkfifo(gate)
        call = self.sh(f"read go < {gate}; {text}")
        gate.write_text("go\n")
        assert call.pid is not None
        os.waitid(os.P_PID, call.pid, os.WEXITED | os.WNOWAIT)
        return call

    def run_command(self, command: list[str], **options: object) -> Call:
        """Run a command, for five seconds unless said."""
        settings = {"environment": {}, "deadline": 5.0, "grace": 1.0, **options}
        return run(reactor, command, **settings)  # type: ignore[arg-type]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for a condition, for five seconds at most."""
        for _ in range(500):
            if true():
                return
            await deferLater(reactor, 0.01)
        self.fail("waited in vain")

    async def child(self, name: str = "child") -> int:
        """The process id that a script has written to this file; it is killed in the end."""
        path = self.folder / name
        await self.until(lambda: path.exists() and path.read_text().endswith("\n"))
        pid = int(path.read_text())
        self.addCleanup(self.kill, pid)
        return pid

    def kill(self, pid: int) -> None:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def fired(deferred: Deferred[None]) -> bool:
    """Whether it has fired."""
    return bool(deferred.called)


class GoodTests(ProcessCase):
    """Commands that do what they should."""

    async def test_output(self) -> None:
        """Standard output and error arrive in the order in which they were written."""
        outcome = await self.sh("echo one; echo two >&2; echo three").done
        self.assertEqual(outcome, Outcome(None, "one\ntwo\nthree\n", 0, status=0))
        self.assertEqual(outcome.last_line, "three")

    async def test_last_words(self) -> None:
        """What stood in the pipe when it ended is taken, all of it."""
        call = self.ended_unseen("head -c 40000 /dev/zero | tr '\\0' x")
        outcome = await call.done
        self.assertEqual(outcome.cut, 40_000 - 2 * KEPT)

    async def test_surroundings(self) -> None:
        """It gets the environment it is given and PATH, the root directory, an empty input, arguments."""
        text = 'pwd; echo "$HEART_TERM $PATH"; env | grep -c ^SECRET; cat; echo "$@"'
        self.patch(os, "environ", {**os.environ, "SECRET": "1"})
        command = [self.script(f"#!/bin/sh\n{text}\n"), "a b", "-c"]
        outcome = await self.run_command(command, environment={"HEART_TERM": "7"}).done
        self.assertEqual(outcome.output, f"/\n7 {SEARCH_PATH}\n0\na b -c\n")

    async def test_session(self) -> None:
        """It leads a session and a group of its own, whose number can be read while it runs."""
        call = self.sh("ps -o pid=,pgid=,sid= -p $$; sleep 0.1")
        pid = call.pid
        outcome = await call.done
        self.assertEqual(outcome.output.split(), [str(pid)] * 3)
        self.assertIsNone(call.pid)

    async def test_signals_are_at_their_defaults(self) -> None:
        """SIGPIPE, which Python ignores, is not ignored by the command."""
        outcome = await self.sh("grep SigIgn /proc/self/status").done
        self.assertEqual(int(outcome.output.split()[1], 16) & 1 << signal.SIGPIPE - 1, 0)

    async def test_input(self) -> None:
        """What is given as standard input arrives whole, more than a pipe holds too."""
        data = b"0123456789abcdef" * 16_384
        outcome = await self.sh("cksum; echo END", stdin=data).done
        self.assertEqual(outcome.output.split()[1:], [str(len(data)), "END"])

    async def test_input_that_nobody_reads(self) -> None:
        """A command that reads nothing ends all the same, and so does one whose child keeps its input."""
        outcome = await self.sh(f"sleep 3 & echo $! > {self.folder}/child", stdin=bytes(1 << 20)).done
        await self.child()
        self.assertIsNone(outcome.problem)

    async def test_no_descriptor_is_left(self) -> None:
        """A call takes no descriptor with it to the grave."""
        await self.sh("true", stdin=b"x").done
        before = descriptors()
        for _ in range(5):
            await self.sh("cat", stdin=b"x").done
            await self.run_command(["/nonexistent\0"]).done
        self.assertEqual(descriptors(), before)


class LaunchTests(ProcessCase):
    """What a command does not inherit."""

    async def test_memory_protection(self) -> None:
        """What keeps the daemon alive when memory runs out is not for what it calls."""
        own = Path("/proc/self/oom_score_adj")
        before = own.read_text()
        own.write_text("300")
        try:
            outcome = await self.sh("cat /proc/self/oom_score_adj").done
        finally:
            own.write_text(before)
        self.assertEqual(outcome.output, "0\n")


class BadTests(ProcessCase):
    """Commands that fail."""

    async def test_status(self) -> None:
        """An exit status is named."""
        self.assertEqual((await self.sh("exit 3").done).problem, "exit status 3")

    async def test_signals(self) -> None:
        """The signal that killed it is named."""
        self.assertEqual((await self.sh("kill -SEGV $$").done).problem, "killed by SIGSEGV")
        self.assertEqual((await self.sh("kill -KILL $$").done).problem, "killed by SIGKILL")
        self.assertEqual((await self.sh("kill -40 $$").done).problem, "killed by signal 40")

    async def test_missing(self) -> None:
        """A file that does not exist is one clear line."""
        outcome = await self.run_command([f"{self.folder}/none"]).done
        self.assertEqual(outcome.problem, "cannot be run: there is no such file")

    async def test_directory(self) -> None:
        """A directory is one clear line."""
        outcome = await self.run_command([str(self.folder)]).done
        self.assertEqual(outcome.problem, "cannot be run: it is a directory, not an executable file")

    async def test_not_executable(self) -> None:
        """A file without permission to execute it is one clear line."""
        outcome = await self.run_command([self.script("#!/bin/sh\n", mode=0o644)]).done
        self.assertIn("cannot be run: it is not executable (see chmod +x", outcome.problem or "")

    async def test_interpreter(self) -> None:
        """An interpreter that does not exist is named, an invisible character in it shown."""
        outcome = await self.run_command([self.script("#!/bin/sh\r\ntrue\r\n")]).done
        line = r"cannot be run: its first line names '/bin/sh\r', which is not an executable file"
        self.assertEqual(outcome.problem, line)

    async def test_status_like_a_missing_command(self) -> None:
        """A script that itself ends with 126 or 127 is not taken for one that could not be started."""
        self.assertEqual((await self.sh("exit 126").done).problem, "exit status 126")
        self.assertEqual((await self.sh("nosuchcommand").done).problem, "exit status 127")

    async def test_no_setsid(self) -> None:
        """A system without setsid is one clear line."""
        outcome = await self.sh("true", environment={"PATH": "/nonexistent"}).done
        self.assertIn("cannot be run: setsid (of util-linux) is not in", outcome.problem or "")

    async def test_beyond_linux(self) -> None:
        """Where there never was a setsid, a command has a session of its own, and clear faults."""
        self.patch(call, "LAUNCH", launcher("/nonexistent"))
        outcome = await self.sh("ps -o sid= -p $$; echo $$; pwd").done
        session, process, folder = outcome.output.split()
        self.assertEqual((outcome.problem, session, folder), (None, process, "/"))
        missing = await self.run_command(["/nonexistent/command"]).done
        self.assertEqual(missing.problem, "cannot be run: there is no such file")

    async def test_nul(self) -> None:
        """A word that no process can be given is refused, not raised."""
        call = self.run_command(["/bin/true", "a\0b"])
        outcome = await call.done
        self.assertEqual(outcome.problem, "cannot be run: embedded null byte")

    async def test_twenty_megabytes(self) -> None:
        """A flood is read and thrown away but for its two ends, and how much was cut is said."""
        outcome = await self.sh("echo BEGIN; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo END").done
        self.assertIsNone(outcome.problem)
        self.assertEqual(outcome.cut, 20_000_000 + 11 - 2 * KEPT)
        self.assertTrue(outcome.output.startswith("BEGIN\nxxx"))
        self.assertIn(f"\n[{outcome.cut} bytes cut]\n", outcome.output)
        self.assertEqual(outcome.last_line, "END")
        self.assertLess(len(outcome.output), 2 * KEPT + 50)

    async def test_last_line_is_fit_for_a_log(self) -> None:
        """A last line of control characters or without end does no harm to a log."""
        outcome = await self.sh(r"printf 'a\033[2J\377b\n\n'").done
        self.assertEqual(outcome.last_line, "a?[2J\ufffdb")
        outcome = await self.sh("head -c 5000 /dev/zero | tr '\\0' x").done
        self.assertEqual(outcome.last_line, "x" * 200)


class BackgroundTests(ProcessCase):
    """What a command leaves behind."""

    DAEMON = "sleep 30 & echo $! > {folder}/child"

    def daemon(self) -> str:
        return self.DAEMON.format(folder=self.folder)

    async def test_daemon_stays(self) -> None:
        """A child that keeps the pipes open does not delay the end, and is never killed."""
        call = self.sh(f"{self.daemon()}; echo started", deadline=0.5, grace=0.1)
        outcome = await call.done
        pid = await self.child()
        self.assertEqual(outcome, Outcome(None, "started\n", 0, status=0))
        await deferLater(reactor, 0.7)
        await call.interrupt(0.1)
        self.assertTrue(alive(pid))

    async def test_daemon_that_prints_for_ever(self) -> None:
        """A child that fills the pipe faster than it can be read does not hold us."""
        outcome = await self.sh(f"yes & echo $! > {self.folder}/child").done
        await self.child()
        self.assertIsNone(outcome.problem)

    async def test_interrupt_that_comes_as_it_ends(self) -> None:
        """A command that has ended, but whose end we have not yet seen, is not interrupted."""
        call = self.ended_unseen(self.daemon())
        interrupted = call.interrupt(1)
        self.assertIsNone((await call.done).problem)
        await interrupted
        self.assertTrue(alive(await self.child()))


class EndingTests(ProcessCase):
    """The deadline, and interruptions."""

    STUBBORN = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {folder}/child; while :; do sleep 1; done' & "

    def stubborn(self) -> str:
        """A script that ignores SIGTERM, with a child that does."""
        return self.STUBBORN.format(folder=self.folder) + "while :; do sleep 1; done"

    async def test_deadline(self) -> None:
        """One that hangs and ignores SIGTERM is killed, its children with it."""
        began = reactor.seconds()
        call = self.sh(self.stubborn(), deadline=0.3, grace=0.3)
        pid = await self.child()
        outcome = await call.done
        self.assertEqual((outcome.problem, outcome.gone), ("took longer than 0.3 s", True))
        self.assertFalse(alive(pid))
        self.assertGreaterEqual(reactor.seconds() - began, 0.6)

    async def test_child_that_outlives_its_leader(self) -> None:
        """A child that ignores SIGTERM is killed where the leader has ended by it."""
        text = self.STUBBORN.format(folder=self.folder).replace("trap '' TERM; ", "", 1)
        call = self.sh(text + "wait", deadline=0.3, grace=0.3)
        pid = await self.child()
        self.assertEqual((await call.done).problem, "took longer than 0.3 s")
        self.assertFalse(alive(pid))

    async def test_time_to_end_well(self) -> None:
        """A child that needs a moment after SIGTERM gets it, even though its leader is gone."""
        child = f'trap "sleep 0.2; echo well > {self.folder}/well; exit" TERM; echo $$ > {self.folder}/child'
        self.script(f"#!/bin/sh\n{child}\nwhile :; do sleep 0.05; done\n", "patient")
        call = self.sh(f"{self.folder}/patient & wait", deadline=0.3, grace=3)
        await self.child()
        await call.done
        self.assertEqual((self.folder / "well").read_text(), "well\n")

    async def test_interrupt(self) -> None:
        """An interruption ends the whole group within its budget, and comes after the outcome."""
        call = self.sh(self.stubborn())
        pid = await self.child()
        interrupted = call.interrupt(0.4)
        seen = call.done.addCallback(lambda outcome: (outcome.problem, fired(interrupted)))
        await interrupted
        self.assertEqual(await seen, ("was interrupted", False))
        self.assertFalse(alive(pid))
        self.assertIsNone(call.pid)

    async def test_interrupt_at_once(self) -> None:
        """An interruption that finds the command not yet in its own group ends it at once all the same."""
        began = reactor.seconds()
        call = self.sh("sleep 30")
        await call.interrupt(8)
        self.assertEqual((await call.done).problem, "was interrupted")
        self.assertLess(reactor.seconds() - began, 3)

    async def test_tightened(self) -> None:
        """A second interruption with a smaller budget counts; both are answered."""
        began = reactor.seconds()
        call = self.sh(self.stubborn())
        await self.child()
        slow = call.interrupt(60)
        await call.interrupt(0.2)
        self.assertTrue(fired(slow))
        self.assertLess(reactor.seconds() - began, 5)

    async def test_zombies_that_nobody_reaps(self) -> None:
        """Where orphans stay zombies, as in a container without an init, ending does not wait for them."""
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.addCleanup(libc.prctl, PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        call = self.sh(self.stubborn())
        child = await self.child()
        began = reactor.seconds()
        group = call.pid
        assert group is not None
        await call.interrupt(4)
        self.assertLess(reactor.seconds() - began, 3)
        self.assertTrue((await call.done).gone)
        os.killpg(group, 0)  # the zombie is there
        for pid in list(zombies(group)):
            os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 (it is a zombie)
        self.assertFalse(alive(child))

    async def test_survivor(self) -> None:
        """What even SIGKILL does not end is given up in time, said, and its number stays to be read."""
        real = os.killpg
        self.patch(
            os, "killpg", lambda group, number: None if number == signal.SIGKILL else real(group, number)
        )
        call = self.sh("trap '' TERM; sleep 30 & wait; wait")
        pid = call.pid
        assert pid is not None
        await deferLater(reactor, 0.1)
        await call.interrupt(0.3)
        outcome = await call.done
        self.assertEqual((outcome.problem, outcome.gone), ("was interrupted, and survives SIGKILL", False))
        self.assertEqual(call.pid, pid)
        real(pid, signal.SIGKILL)
        await self.until(lambda: call.pid is None)


def zombies(group: int) -> Iterator[int]:
    """The processes of a group, as /proc tells."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group:
                yield int(entry.name)

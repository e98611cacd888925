"""`twistd heart` as an administrator runs it: real daemons on loopback, without root."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.application.service import IServiceMaker
from twisted.plugin import IPlugin, getPlugins
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.node.daemon import (
    Ear,
    kill_daemons,
    make_folder,
    read,
    running,
    start,
    start_with,
    twistd,
    wait_held,
)
from tests.node.processes import PATIENCE, begin, ended, environment, until
from tests.node.support import short_folder

PAGE = 4096  # bytes: the least that a pipe can hold (pipe(7))

# A daemon whose core fails once it holds the service; or, told so, once it is to end.
BROKEN = """
from heart.core import inputs
from heart.core.cluster import Core
step = Core.step
def broken(core, awake, boot, event):
    if {when}:
        raise ZeroDivisionError("a fault of our own")
    return step(core, awake, boot, event)
Core.step = broken
from twisted.scripts.twistd import run
run()
"""
HOLDING = "core.tenures.all[0].holding.value == 'held'"
ENDING = "isinstance(event, inputs.Shutdown)"


class TwistdCase(SynchronousTestCase):
    """A folder with all that a node needs."""

    def setUp(self) -> None:
        """Make it."""
        self.folder = make_folder(self)

    def run_(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run twistd to its end, with these words."""
        options = {"cwd": self.folder.path, "env": environment(), **options}
        ended: subprocess.CompletedProcess[str] = subprocess.run(
            twistd(*words),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            **options,
        )
        return ended

    def heart(self, *words: str, node: str = "alpha", before: tuple[str, ...] = ("-n",)) -> list[str]:
        """The command line of the daemon."""
        return [*before, "heart", "--config", str(self.folder.config), "--node", node, *words]

    def assert_refused(self, run: subprocess.CompletedProcess[str], *begins: str) -> None:
        """It said these lines (their begins) on standard error, exited with 1 and started nothing."""
        lines = run.stderr.splitlines()
        self.assertEqual((run.returncode, run.stdout), (1, ""), run.stderr)
        self.assertEqual(len(lines), len(begins), run.stderr)
        for line, words in zip(lines, begins, strict=True):
            self.assertTrue(line.startswith(words), line)
        self.assertFalse((self.folder.path / "state").exists())
        self.assertEqual(self.folder.calls(), [])
        self.assertFalse((self.folder.path / "twistd.pid").exists())


class PluginTests(SynchronousTestCase):
    """twistd finds us."""

    def test_found(self) -> None:
        """`heart` is among twistd's plugins, once, with what twistd asks of one."""
        ours = [plugin for plugin in getPlugins(IServiceMaker) if plugin.tapname == "heart"]
        self.assertEqual(len(ours), 1)
        self.assertTrue(verifyObject(IServiceMaker, ours[0]))
        self.assertTrue(verifyObject(IPlugin, ours[0]))

    def test_help(self) -> None:
        """`twistd --help` names it, and `twistd heart --help` its options; neither starts anything."""
        for words, expected in ((["--help"], "heart "), (["heart", "--help"], "--config=")):
            shown = subprocess.run(
                twistd(*words),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                env=environment(),
                check=False,
            )
            self.assertEqual((shown.returncode, shown.stderr), (0, ""))
            self.assertIn(expected, shown.stdout)

    def test_other_commands(self) -> None:
        """twistd's other commands keep their own reactor: ours comes with ours alone."""
        program = (
            "import sys\nfrom twisted.scripts.twistd import ServerOptions\n"
            "ServerOptions().parseOptions(['-n', 'web', '--path', '/'])\n"
            "assert 'heart.node.reactor' not in sys.modules\n"
        )
        command = [sys.executable, "-P", "-c", program]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE, env=environment())


class RefusedTests(TwistdCase):
    """What is wrong is told in lines, and nothing is started."""

    def test_wrong_configuration(self) -> None:
        """Every error of a configuration has a line of its own."""
        text = self.folder.config.read_text()
        text = text.replace('dead = "1s"', 'dead = "soon"').replace(f"port = {self.folder.port}", "port = 0")
        self.folder.config.write_text(text)
        file = f"{self.folder.config}: "
        run = self.run_(*self.heart())
        self.assert_refused(run, f"{file}timing.dead: ", f"{file}links.lan.port: ")

    def test_no_configuration(self) -> None:
        """A configuration that is not there."""
        self.folder.config.unlink()
        self.assert_refused(self.run_(*self.heart()), f"{self.folder.config}: ")

    def test_no_toml(self) -> None:
        """A configuration that is no TOML."""
        self.folder.config.write_text("cluster = web\n")
        self.assert_refused(self.run_(*self.heart()), f"{self.folder.config}: ")

    def test_unknown_node(self) -> None:
        """A node that is not in it."""
        self.assert_refused(self.run_(*self.heart(node="gamma")), f"{self.folder.config}: nodes: ")

    def test_no_key(self) -> None:
        """A key file that is missing is told with what to do about it."""
        (self.folder.path / "heart.key").unlink()
        run = self.run_(*self.heart())
        self.assert_refused(run, f"{self.folder.config}: key_file: ")
        self.assertIn("heart keygen", run.stderr)

    def test_open_key(self) -> None:
        """A key file that others can read."""
        (self.folder.path / "heart.key").chmod(0o644)
        run = self.run_(*self.heart())
        self.assert_refused(run, f"{self.folder.config}: key_file: ")
        self.assertIn("chmod 600", run.stderr)

    def test_removed_folder(self) -> None:
        """A configuration with a relative path, from a working directory that was removed."""
        gone = self.folder.path / "gone"
        gone.mkdir()
        run = self.run_(
            "-n", "heart", "--config", "heart.toml", preexec_fn=lambda: enter_and_remove(gone), cwd="/"
        )
        self.assert_refused(run, "heart.toml: ")

    def test_reactor(self) -> None:
        """Another reactor is refused: its timers would follow the time of day."""
        run = self.run_(*self.heart(before=("-n", "--reactor=select")))
        self.assert_refused(run, "heart: brings its own reactor")
        self.assertIn("omit --reactor", run.stderr)

    def test_second(self) -> None:
        """A second daemon of the same node is refused, and the first goes on; one of another node is not."""
        first = start(self, self.folder)
        wait_held(self.folder, first)
        run = self.run_(*self.heart())
        self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (1, "", 1), run.stderr)
        self.assertTrue(
            run.stderr.startswith(f"{self.folder.run}/web.alpha.lock: another daemon"), run.stderr
        )
        self.assertTrue(self.folder.holds())
        self.assertEqual(len(self.folder.calls()), 1)
        self.assertIsNone(first.poll())

    def test_standard_output(self) -> None:
        """A daemon in the background cannot log to standard output."""
        run = self.run_(*self.heart(before=("--logfile=-",)))
        self.assert_refused(run, "heart: a daemon has no standard output")

    def test_log(self) -> None:
        """A log that cannot be opened is told with its path."""
        log = self.folder.path / "absent" / "log"
        run = self.run_(*self.heart(before=("-n", f"--logfile={log}")))
        self.assert_refused(run, f"{log}: the log cannot be written (No such file or directory)")

    def test_usage(self) -> None:
        """An option that does not exist ends it, without a traceback."""
        run = self.run_("-n", "heart", "--colour=red")
        self.assertEqual(run.returncode, 1)
        self.assertNotIn("Traceback", run.stdout + run.stderr)
        self.assertIn("colour", run.stdout + run.stderr)


class SignalTests(TwistdCase):
    """How a daemon in the foreground ends, and how it does not."""

    def end_with(self, number: signal.Signals) -> None:
        """The signal makes it let go and say goodbye, and end with nothing left."""
        ear = Ear(self, self.folder)
        daemon = start(self, self.folder)
        wait_held(self.folder, daemon)
        ear.take()
        daemon.send_signal(number)
        # twistd passes the signal on to itself at its very end, for a shell to see.
        self.assertIn(daemon.wait(PATIENCE), (0, -number))
        self.assertEqual(self.folder.calls(), [("start", "start"), ("stop", "shutdown")])
        self.assertGreater(ear.goodbyes(), 0)
        log = read(self.folder.log)
        self.assertIn("alpha has let go of everything and ends", log)
        self.assertNotIn("Traceback", log)
        left = {path.name for path in self.folder.path.iterdir()} - {
            "diary",
            "heart.key",
            "heart.toml",
            "log",
            "site",
        }
        self.assertEqual(left, {"run", "state"})
        self.assertEqual(
            {path.name for path in self.folder.run.iterdir()}, {"web.alpha.held", "web.alpha.lock"}
        )

    def test_sigterm(self) -> None:
        """SIGTERM."""
        self.end_with(signal.SIGTERM)

    def test_sigint(self) -> None:
        """SIGINT, as Ctrl-C sends it."""
        self.end_with(signal.SIGINT)

    def test_sigint_spares_scripts(self) -> None:
        """Ctrl-C reaches the daemon's whole process group, but not its scripts: they are let end in order."""
        text = self.folder.script.read_text()
        later = f"sleep 0.5; echo rest done done 0 >> {self.folder.path}/diary"
        self.folder.script.write_text(f'{text}if [ "$1" = stop ]; then {later}; fi\n')
        daemon = start(self, self.folder)
        wait_held(self.folder, daemon)
        os.killpg(daemon.pid, signal.SIGINT)
        until(lambda: len(self.folder.calls()) == 2, "the script is called with stop")
        os.killpg(daemon.pid, signal.SIGINT)
        daemon.wait(PATIENCE)
        self.assertEqual(self.folder.calls()[1:], [("stop", "shutdown"), ("rest", "done")])

    def test_sighup(self) -> None:
        """SIGHUP, which a closed terminal sends, harms nobody."""
        ear = Ear(self, self.folder)
        daemon = start(self, self.folder)
        wait_held(self.folder, daemon)
        for _ in range(3):
            daemon.send_signal(signal.SIGHUP)
            ear.take()
            until(lambda: len(ear.take()) > 0, "it beats")
        self.assertTrue(self.folder.holds())
        self.assertIsNone(daemon.poll())

    def test_killed(self) -> None:
        """After SIGKILL the next daemon starts without help, and first lets go of what was held."""
        daemon = start(self, self.folder)
        wait_held(self.folder, daemon)
        daemon.send_signal(signal.SIGKILL)
        daemon.wait(PATIENCE)
        first = self.folder.diary()[0]
        second = start(self, self.folder)
        wait_held(self.folder, second)
        calls = self.folder.calls()
        self.assertEqual(calls, [("start", "start"), ("stop", "leftover"), ("start", "start")])
        leftover, again = self.folder.diary()[1:]
        self.assertEqual(leftover[3], first[3])
        self.assertGreater(int(again[3]), int(first[3]))

    def test_killed_while_starting(self) -> None:
        """A script that still runs when the next daemon starts is killed first, whatever its name.

        The kernel cuts this name in the middle of a letter.
        """
        script = self.folder.path / "überwachung-für-web"
        pids = self.folder.path / "pids"
        stop = self.folder.script.read_text()
        script.write_text(
            f'{stop}if [ "$1" = start ]; then echo $$ >> {pids}; trap "" TERM; sleep 1000; fi\n'
        )
        script.chmod(0o755)
        self.folder.config.write_text(
            self.folder.config.read_text().replace('["site"]', f'["{script.name}"]')
        )
        daemon = start(self, self.folder)
        until(lambda: read(pids).endswith("\n"), "the script hangs")
        process = int(read(pids))
        self.addCleanup(kill_group, process)
        until(lambda: f'"group":{process}' in read(self.folder.run / "web.alpha.held"), "the ledger has it")
        daemon.send_signal(signal.SIGKILL)
        daemon.wait(PATIENCE)
        ear = Ear(self, self.folder)
        second = start(self, self.folder)
        until(lambda: ear.take() or second.poll() is not None, "the next daemon beats, or ends")
        self.assertTrue(ended(process))
        self.assertEqual(self.folder.calls()[:2], [("start", "start"), ("stop", "leftover")])


class PlaceTests(TwistdCase):
    """Where it is started from, and what it leaves there."""

    def start_in(self, place: Path, **options: Any) -> None:
        """Start and end it there: it holds the service and lets go of it."""
        daemon = start(self, self.folder, cwd=place, **options)
        wait_held(self.folder, daemon)
        daemon.terminate()
        self.assertIn(daemon.wait(PATIENCE), (0, -signal.SIGTERM))
        self.assertEqual(self.folder.calls(), [("start", "start"), ("stop", "shutdown")])

    def test_leaves_nothing(self) -> None:
        """It leaves nothing in the working directory: no twistd.pid, while it runs and after."""
        place = short_folder(self)
        daemon = start(self, self.folder, cwd=place)
        wait_held(self.folder, daemon)
        self.assertEqual(list(place.iterdir()), [])
        daemon.terminate()
        daemon.wait(PATIENCE)
        self.assertEqual(list(place.iterdir()), [])

    def test_unwritable(self) -> None:
        """It runs in a directory where nothing can be written."""
        self.start_in(Path("/proc/self"))

    def test_removed(self) -> None:
        """It runs in a directory that was removed."""
        place = short_folder(self)
        self.start_in(Path("/"), preexec_fn=lambda: enter_and_remove(place))

    def test_pidfile(self) -> None:
        """Who asks for a pid file gets one."""
        pid_file = self.folder.path / "asked.pid"
        daemon = start(self, self.folder, f"--pidfile={pid_file}")
        wait_held(self.folder, daemon)
        self.assertEqual(running(pid_file), daemon.pid)

    def test_stdout(self) -> None:
        """In the foreground it logs to standard output, and nothing to standard error."""
        daemon = start_with(self, self.folder, ["-n"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_held(self.folder, daemon)
        daemon.terminate()
        output, errors = daemon.communicate(timeout=PATIENCE)
        self.assertIn(b"alpha held site", output)
        self.assertIn(b"alpha has let go of everything and ends", output)
        self.assertEqual(errors, b"")


class DaemonTests(TwistdCase):
    """In the background."""

    def test_whole_life(self) -> None:
        """It has its pid file under `run` and its log where it is told, and ends by a kill of that pid."""
        pid_file = self.folder.run / "web.alpha.pid"
        self.addCleanup(kill_daemons, self.folder)
        parent = start_with(self, self.folder, [f"--logfile={self.folder.log}"], cwd="/")
        self.assertEqual(parent.wait(PATIENCE), 0)
        until(self.folder.holds, "it holds the service")
        process = running(pid_file)
        assert process is not None
        self.assertNotEqual(process, parent.pid)
        self.assertIn("alpha held site", read(self.folder.log))
        refused = self.run_(*self.heart())
        self.assertEqual((refused.returncode, refused.stderr.count("\n")), (1, 1), refused.stderr)
        self.assertIn("another daemon of this node", refused.stderr)
        os.kill(process, signal.SIGTERM)
        until(lambda: ended(process), "it has ended")
        self.assertEqual(self.folder.calls(), [("start", "start"), ("stop", "shutdown")])
        self.assertFalse(pid_file.exists())
        self.assertIn("alpha has let go of everything and ends", read(self.folder.log))

    def start_beside(self, stale: int) -> None:
        """Start it where a pid file with that number lies, and see that it runs."""
        pid_file = self.folder.run / "web.alpha.pid"
        self.folder.run.mkdir(0o755)
        pid_file.write_text(str(stale))
        self.addCleanup(kill_daemons, self.folder)
        parent = start_with(self, self.folder, [f"--logfile={self.folder.log}"], stdout=subprocess.PIPE)
        output, _ = parent.communicate(timeout=PATIENCE)
        self.assertEqual((parent.returncode, output), (0, b""))
        until(self.folder.holds, "it holds the service")
        self.assertNotIn(running(pid_file), (None, stale))

    def test_stale_pid_file(self) -> None:
        """A pid file that a killed daemon left does not keep the next one from starting."""
        gone = subprocess.Popen(["/bin/true"])
        gone.wait(PATIENCE)
        self.start_beside(gone.pid)

    def test_stale_pid_used_again(self) -> None:
        """Nor does it where its number is another process's now: that no daemon runs is known by the lock."""
        other = begin(self, ["/bin/sleep", "1000"])
        self.start_beside(other.pid)
        self.assertIsNone(other.poll())

    def test_unwritable_place(self) -> None:
        """Where its log would go is told to be unwritable before it goes to the background."""
        run = self.run_(*self.heart(before=()), cwd="/proc/self")
        self.assert_refused(run, "twistd.log: the log cannot be written")


class StalledOutputTests(TwistdCase):
    """Nobody reads what it writes."""

    def assert_beats(self, ear: Ear) -> None:
        """It beats in its rhythm for a second: 50 beats, of which a busy machine may be late with some."""
        ear.take()
        time.sleep(1.0)
        self.assertGreater(len(ear.take()), 25)

    def small_pipe(self, room: int) -> tuple[int, int]:
        """Both ends of a pipe that nobody reads, with room for so many bytes."""
        ours, theirs = os.pipe()
        self.addCleanup(os.close, ours)
        size = fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, PAGE)
        os.write(theirs, b"." * (size - room))
        return ours, theirs

    def test_pipe(self) -> None:
        """A pipe that is full soon after the start: it beats, takes over, lets go and ends all the same."""
        ours, theirs = self.small_pipe(room=1000)
        self.end_deaf(theirs)
        os.set_blocking(ours, False)
        self.assertNotIn(b"held site", os.read(ours, 2 * PAGE), "the pipe was not full")

    def test_full_pipe(self) -> None:
        """A pipe that is full from the first line on, as its reader hangs: it starts all the same."""
        _, theirs = self.small_pipe(room=0)
        self.end_deaf(theirs)

    def test_terminal(self) -> None:
        """A terminal on which Ctrl-S is pressed."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        self.end_deaf(os.dup(theirs), lambda: termios.tcflow(theirs, termios.TCOOFF))

    def end_deaf(self, output: int, press: Callable[[], object] = lambda: None) -> None:
        """A whole life with that output; `press` something while it holds the service."""
        ear = Ear(self, self.folder)
        daemon = start_with(self, self.folder, ["-n"], stdout=output, stderr=output)
        os.close(output)
        wait_held(self.folder, daemon)
        press()
        self.assert_beats(ear)
        daemon.terminate()
        self.assertIn(daemon.wait(PATIENCE), (0, -signal.SIGTERM))
        self.assertEqual(self.folder.calls(), [("start", "start"), ("stop", "shutdown")])
        self.assertGreater(ear.goodbyes(), 0)

    def test_closed(self) -> None:
        """A pipe whose reader has gone."""
        ear = Ear(self, self.folder)
        daemon = start_with(self, self.folder, ["-n"], stdout=subprocess.PIPE)
        wait_held(self.folder, daemon)
        assert daemon.stdout is not None
        daemon.stdout.close()
        self.assert_beats(ear)
        daemon.terminate()
        self.assertIn(daemon.wait(PATIENCE), (0, -signal.SIGTERM))
        self.assertEqual(self.folder.calls()[1:], [("stop", "shutdown")])


class FaultTests(TwistdCase):
    """A fault of our own, in a real daemon."""

    def start_broken(self, when: str) -> subprocess.Popen[bytes]:
        """Start a daemon whose core fails then."""
        command = twistd("-n", f"--logfile={self.folder.log}", "heart", "--config", str(self.folder.config))
        command[3] = BROKEN.format(when=when)
        process = subprocess.Popen(
            [*command, "--node", "alpha"], cwd=self.folder.path, env=environment(), start_new_session=True
        )
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.kill)
        return process

    def test_holding(self) -> None:
        """A daemon whose core fails lets go of what it holds and ends, and its status tells of a failure."""
        daemon = self.start_broken(HOLDING)
        status = daemon.wait(PATIENCE)
        self.assertEqual([action for action, _ in self.folder.calls()], ["start", "stop"])
        self.assertEqual(read(self.folder.log).count("ZeroDivisionError: a fault of our own"), 1)
        self.assertNotEqual(
            status, 0, "whoever supervises it takes that for a good end, and does not start it again"
        )

    def test_ending(self) -> None:
        """One whose core fails at the end lets go all the same, and ends with no second fault."""
        daemon = self.start_broken(ENDING)
        wait_held(self.folder, daemon)
        daemon.terminate()
        daemon.wait(PATIENCE)
        self.assertEqual([action for action, _ in self.folder.calls()], ["start", "stop"])
        self.assertEqual(read(self.folder.log).count("Traceback"), 1, read(self.folder.log))


def enter_and_remove(place: Path) -> None:
    """Make a directory the working one, and remove it."""
    os.chdir(place)
    place.rmdir()


def kill_group(group: int) -> None:
    """Kill what is left of a process group."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return

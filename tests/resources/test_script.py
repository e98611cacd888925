"""Scripts as resources, with real processes."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from heart.config.model import ScriptResource
from heart.interfaces import IResource, ResourceFailed, Tenure
from heart.resources.script import Script
from tests.process.test_call import ProcessCase, alive
from tests.resources.fakes import TENURE


class ScriptTests(ProcessCase):
    """What a script is told, and what becomes of what it does."""

    def make(self, text: str, timeout: float = 5.0) -> Script:
        """A script resource with this shell script, which is given the word `extra` first."""
        self.path = self.script(f"#!/bin/sh\n{text}\n")
        return Script(ScriptResource((self.path, "extra"), timeout), reactor)

    async def line(self, call: Deferred[None]) -> str:
        """The one line of a call that fails."""
        with self.assertRaises(ResourceFailed) as failed:
            await call
        self.assertNotIn("\n", str(failed.exception))
        return str(failed.exception)

    def seconds(self) -> float:
        """The time."""
        now: Any = reactor
        return float(now.seconds())

    def test_interface(self) -> None:
        """It is a resource, and says which."""
        script = self.make("")
        verifyObject(IResource, script)
        self.assertEqual(script.label, f"script {self.path}")
        self.assertIsNone(script.pid)
        script.announce()

    async def test_told(self) -> None:
        """It gets the action last, and the tenure in its environment."""
        script = self.make(
            f'echo "$@" >> {self.folder}/told; env | grep ^HEART_ | sort >> {self.folder}/told'
        )
        await script.start(TENURE)
        await script.stop(Tenure("web", "alpha", "site", 8, "move", None, {"beta": {"lag": "5"}}), None)
        told = (self.folder / "told").read_text()
        common = "HEART_CLUSTER=web\nHEART_NODE=alpha\n"
        self.assertEqual(
            told,
            f"extra start\nHEART_ATTRIBUTES={{}}\n{common}"
            "HEART_PREVIOUS=beta\nHEART_REASON=dead\nHEART_SERVICE=site\nHEART_TERM=7\n"
            f'extra stop\nHEART_ATTRIBUTES={{"beta":{{"lag":"5"}}}}\n{common}'
            "HEART_PREVIOUS=\nHEART_REASON=move\nHEART_SERVICE=site\nHEART_TERM=8\n",
        )

    async def test_fails(self) -> None:
        """A failure is one line: the exit status or signal, and the last line of the output."""
        script = self.make("echo first; echo no disk >&2; exit 5")
        self.assertEqual(
            await self.line(script.start(TENURE)), f"script {self.path} start: exit status 5: no disk"
        )
        self.assertEqual(script.output, "first\nno disk\n")
        script = self.make("kill -SEGV $$")
        self.assertEqual(
            await self.line(script.stop(TENURE, 1)), f"script {self.path} stop: killed by SIGSEGV"
        )

    async def test_missing(self) -> None:
        """So is a script that is not there."""
        script = Script(ScriptResource((f"{self.folder}/none",), 5), reactor)
        line = f"script {self.folder}/none start: cannot be run: there is no such file"
        self.assertTrue((await self.line(script.start(TENURE))).startswith(line))

    async def test_output_is_logged(self) -> None:
        """What it says is logged, of success too."""
        with capturedLogs() as events:
            await self.make("echo hello").start(TENURE)
            await self.make("").start(TENURE)
        said = [(event["action"], event["output"]) for event in events if "output" in event]
        self.assertEqual(said, [("start", "hello\n")])

    async def test_timeout(self) -> None:
        """A start that hangs is ended after its timeout."""
        script = self.make("exec sleep 30", timeout=0.3)
        self.assertEqual(
            await self.line(script.start(TENURE)), f"script {self.path} start: took longer than 0.3 s"
        )

    async def test_stop_timeout(self) -> None:
        """So is a stop without a budget."""
        script = self.make("exec sleep 30", timeout=0.2)
        self.assertIn("stop: took longer than 0.2 s", await self.line(script.stop(TENURE, None)))

    async def test_budget(self) -> None:
        """A stop that ignores SIGTERM has ended when its budget does, whatever its timeout."""
        began = self.seconds()
        script = self.make("trap '' TERM; while :; do sleep 0.05; done")
        self.assertIn("stop: took longer than 0.4 s", await self.line(script.stop(TENURE, 0.6)))
        took = self.seconds() - began
        self.assertTrue(0.54 < took < 0.65, took)

    async def test_budget_is_mostly_for_the_script(self) -> None:
        """A stop that needs half of its budget is left in peace."""
        script = self.make("sleep 0.3")
        await script.stop(TENURE, 0.6)
        self.assertIsNone(script.pid)

    async def test_daemon_stays(self) -> None:
        """A daemon that `start` leaves in the background lives on."""
        script = self.make(f"sleep 30 >/dev/null 2>&1 & echo $! > {self.folder}/child")
        await script.start(TENURE)
        await script.interrupt(0.1)
        self.assertTrue(alive(await self.child()))

    async def test_interrupt(self) -> None:
        """An interruption ends the call, which fails first."""
        order: list[str] = []
        script = self.make("trap '' TERM; while :; do sleep 1; done")
        line = self.line(script.start(TENURE))
        started = Deferred.fromCoroutine(line).addCallback(order.append)
        pid = script.pid
        assert pid is not None
        await deferLater(reactor, 0.1)
        await script.interrupt(0.4)
        order.append("interrupted")
        await started
        self.assertEqual(order, [f"script {self.path} start: was interrupted", "interrupted"])
        self.assertFalse(alive(pid))
        self.assertIsNone(script.pid)

    async def test_interrupt_of_nothing(self) -> None:
        """Where nothing runs, there is nothing to end."""
        self.successResultOf(self.make("").interrupt(1))

    async def test_one_at_a_time(self) -> None:
        """A second call while one runs is a mistake of the caller, and leaves the first alone."""
        script = self.make(f"sleep 0.2; echo $2 >> {self.folder}/done")
        started = script.start(TENURE)
        self.assertRaises(RuntimeError, script.stop, TENURE, 1)
        await started
        await script.stop(TENURE, 1)
        self.assertEqual((self.folder / "done").read_text(), "start\nstop\n")

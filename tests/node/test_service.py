"""A node's life on a real reactor: it beats on loopback, holds a service, lets go, says goodbye."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable
from typing import Any

from twisted.application.service import Application, IService
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import ILogObserver
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from heart.beat import GOODBYE
from heart.config import load
from heart.control.client import ask
from heart.core import inputs
from heart.core.cluster import Core
from heart.keys import load_keys
from heart.logs import LogWriter
from heart.node import service as service_module
from heart.node.memory import recall
from heart.node.service import NodeService
from heart.node.settings import core_settings
from tests.node.daemon import Ear, make_folder, read
from tests.node.support import logged

PATIENCE = 8.0
NAMESPACE = "heart.node"

STATUS = {
    "cluster",
    "node",
    "incarnation",
    "configuration",
    "since",
    "lateness",
    "paused",
    "arbiter",
    "differences",
    "nodes",
    "links",
    "services",
}
NODE = {"name", "state", "since", "reason", "standby", "witness", "configuration"}
LINK = {"name", "kind", "state", "reason", "peers", "refused"}
HEARING = {"peer", "heard", "hears_us", "round_trip", "sent", "received", "lost", "refused"}
SERVICE = {"name", "holder", "term", "state", "since", "reason", "wait"}


class Unstoppable:
    """The tests' reactor, which a node cannot stop; `stop` can fail as it does before a reactor runs."""

    def __init__(self) -> None:
        self.stops = 0
        self.refuses = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)

    def stop(self) -> None:
        """Count it."""
        if self.refuses:
            self.refuses -= 1
            raise ReactorNotRunning("Can't stop reactor that isn't running.")
        self.stops += 1


class NodeCase(TestCase):
    """Node alpha in a folder of its own; beta is never there."""

    timeout = 60

    def setUp(self) -> None:
        """A folder with a configuration; nothing has begun. (Who locks the node makes the run folder.)"""
        self.folder = make_folder(self)
        self.folder.run.mkdir()
        self.log = logged(self, NAMESPACE)
        self.reactor = Unstoppable()
        self.at_exit: list[tuple[object, ...]] = []
        self.patch(atexit, "register", lambda *what: self.at_exit.append(what))

    def make(self) -> NodeService:
        """The node's service, as twistd makes it."""
        configuration = load(self.folder.config, "alpha")
        keys = load_keys(configuration.key_file)
        return NodeService(configuration, keys, self.reactor, LogWriter(lambda line: None))

    def begin(self) -> NodeService:
        """Start it, and see it stopped after the test."""
        node = self.make()
        node.startService()
        self.addCleanup(self.end, node)
        return node

    async def end(self, node: NodeService) -> None:
        """Stop it, if that was not done."""
        if node.running:
            await node.stopService()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition."""
        for _ in range(int(PATIENCE / 0.02)):
            if condition():
                return
            await deferLater(reactor, 0.02)
        raise self.failureException(f"waited {PATIENCE:g} s in vain until {what}: {self.log.lines}")

    async def begin_holding(self) -> NodeService:
        """Start it and wait until it has the service."""
        node = self.begin()
        await self.until(self.folder.calls, "the service is started")
        await self.until(lambda: any(" held " in line for line in self.log.lines), "it is held")
        return node

    def write_arbiter(self, kind: str) -> None:
        """From now on the file names this arbiter."""
        self.folder.config.write_text(f'{self.folder.config.read_text()}[arbiter]\nkind = "{kind}"\n')

    async def status(self) -> dict[str, Any]:
        """What it says of itself."""
        socket = self.folder.run / "web.alpha.sock"
        answer: dict[str, Any] = await deferToThread(ask, socket, {"command": "status"}, PATIENCE)
        return answer


class LifeTests(NodeCase):
    """From start to goodbye."""

    def test_interface(self) -> None:
        """It is a Twisted service."""
        self.assertTrue(verifyObject(IService, self.make()))

    def test_log(self) -> None:
        """Whoever takes it as a part logs through its writer, which cannot hold up a beat."""
        application = Application("heart")
        node = self.make()
        node.setServiceParent(application)
        self.assertIsInstance(ILogObserver(application), LogWriter)
        self.assertIs(node.parent, IService(application))

    async def test_beats(self) -> None:
        """It beats at once, long before `start` has passed."""
        ear = Ear(self, self.folder)
        self.begin()
        heard: list[int] = []

        def hear() -> bool:
            heard.extend(beat.sequence for beat in ear.take())
            return len(heard) > 5

        await self.until(hear, "it beats")
        self.assertEqual(heard[:5], [1, 2, 3, 4, 5])

    async def test_alone(self) -> None:
        """Alone it takes the service once `start` has passed, and its status says so."""
        await self.begin_holding()
        (service,) = (await self.status())["services"]
        self.assertEqual((service["name"], service["holder"], service["state"]), ("site", "alpha", "held"))
        self.assertEqual([words[:3] for words in self.folder.diary()], [["start", "site", "start"]])
        self.assertEqual(self.folder.diary()[0][3], str(service["term"]))

    async def test_stopped(self) -> None:
        """Stopped, it lets go, says goodbye, and leaves neither socket nor anything that is held."""
        ear = Ear(self, self.folder)
        node = await self.begin_holding()
        ear.take()
        await node.stopService()
        self.assertEqual(self.folder.calls(), [("start", "start"), ("stop", "shutdown")])
        beats = ear.take()
        self.assertTrue(beats[-1].flags & GOODBYE)
        self.assertFalse((self.folder.run / "web.alpha.sock").exists())
        self.assertEqual(read(self.folder.run / "web.alpha.held"), "[]")
        self.assertIn("alpha has let go of everything and ends", self.log.lines)

    async def test_remembers(self) -> None:
        """The next life has a greater incarnation and takes the service in a greater term."""
        node = await self.begin_holding()
        first = await self.status()
        await node.stopService()
        state_file = self.folder.path / "state" / "web.alpha.json"
        kept, problem = recall(state_file)
        self.assertEqual((kept.incarnation, problem), (first["incarnation"], None))
        self.assertEqual(kept.terms, {"site": first["services"][0]["term"]})
        self.log.events.clear()
        await self.begin_holding()
        await self.until(lambda: len(self.folder.calls()) == 3, "it is started again")
        second = await self.status()
        self.assertGreater(second["incarnation"], first["incarnation"])
        self.assertGreater(second["services"][0]["term"], first["services"][0]["term"])

    async def test_remembers_more(self) -> None:
        """Numbers that are ahead of the clock, which was set back, grow all the same."""
        ahead = 2**40
        (self.folder.path / "state").mkdir()
        kept = f'{{"format":1,"incarnation":{ahead},"terms":{{"site":{2 * ahead}}},"peers":{{}}}}'
        (self.folder.path / "state" / "web.alpha.json").write_text(kept)
        await self.begin_holding()
        status = await self.status()
        self.assertEqual((status["incarnation"], status["services"][0]["term"]), (ahead + 1, 2 * ahead + 1))

    async def test_memory_lost(self) -> None:
        """A state that is damaged is said in one line and kept, and the node begins all the same."""
        state = self.folder.path / "state"
        state.mkdir()
        (state / "web.alpha.json").write_text("{")
        await self.begin_holding()
        self.assertEqual((state / "web.alpha.json.unusable").read_text(), "{")
        told = [line for line in self.log.lines if "begins without memory" in line]
        self.assertEqual(len(told), 1, self.log.lines)

    async def test_warnings(self) -> None:
        """What is doubtful in the configuration is said at the start: here, that there is only one link."""
        self.begin()
        self.assertTrue([line for line in self.log.lines if "ONLY ONE LINK" in line], self.log.lines)
        self.assertEqual(self.log.levels[0], "warn")

    async def test_voters(self) -> None:
        """Where nodes vote it is said at the start what one that hears too few others cannot do."""
        self.write_arbiter("quorum")
        self.begin()
        expected = (
            "2 nodes vote, and 2 make a majority: "
            "a node that hears fewer, itself included, takes nothing and lets go of what it holds"
        )
        await self.until(lambda: expected in self.log.lines, "it is said")

    async def test_no_socket(self) -> None:
        """A control socket that cannot be opened is said in one line, and costs nothing but the commands."""
        (self.folder.run / "web.alpha.sock").write_text("not a socket")
        node = self.begin()
        await self.until(self.folder.calls, "the service is started")
        told = [line for line in self.log.lines if "cannot reach this daemon" in line]
        self.assertEqual(len(told), 1, self.log.lines)
        await node.stopService()
        self.assertEqual(self.folder.calls()[1:], [("stop", "shutdown")])

    async def test_stopped_at_once(self) -> None:
        """Stopped as soon as it was started, it ends, and has taken nothing."""
        node = self.begin()
        await node.stopService()
        self.assertEqual(self.folder.calls(), [])

    async def test_leftover(self) -> None:
        """What a killed daemon held is let go of before the first beat."""
        ledger = '[{"service":"site","term":7,"previous":null,"running":[]}]'
        (self.folder.run / "web.alpha.held").write_text(ledger)
        self.folder.script.write_text(self.folder.script.read_text().replace("echo", "sleep 0.05; echo"))
        ear = Ear(self, self.folder)
        self.begin()
        await self.until(lambda: ear.take() or self.folder.calls(), "it is let go of, or a beat is heard")
        self.assertEqual(self.folder.diary(), [["stop", "site", "leftover", "7"]])

    async def test_leftover_stays(self) -> None:
        """What cannot be let go of bars this node from the service, and the status says why."""
        ledger = '[{"service":"site","term":7,"previous":null,"running":[]}]'
        (self.folder.run / "web.alpha.held").write_text(ledger)
        self.folder.script.write_text("#!/bin/sh\nexit 1\n")
        self.begin()
        await self.until(lambda: any("could not be released" in line for line in self.log.lines), "it fails")
        await self.until((self.folder.run / "web.alpha.sock").exists, "it can be asked")
        (service,) = (await self.status())["services"]
        self.assertEqual((service["state"], service["holder"]), ("failed", None))
        self.assertIn("earlier daemon", service["reason"])


class StatusTests(NodeCase):
    """What `heart status --json` shows."""

    async def test_keys(self) -> None:
        """Everything that is promised is there, of each node, link, peer and service."""
        self.begin()
        status = await self.status()
        self.assertEqual(set(status), STATUS)
        self.assertEqual(set(status["lateness"]), {"minute", "hour"})
        self.assertEqual([node["name"] for node in status["nodes"]], ["alpha", "beta"])
        for kind, promised in (("nodes", NODE), ("links", LINK), ("services", SERVICE)):
            for one in status[kind]:
                self.assertLessEqual(promised, set(one), kind)
        (link,) = status["links"]
        self.assertEqual([set(hearing) for hearing in link["peers"]], [HEARING])
        self.assertEqual((link["kind"], link["state"]), ("udp", "up"))
        self.assertEqual(
            {node["name"]: node["state"] for node in status["nodes"]}, {"alpha": "up", "beta": "unknown"}
        )

    async def test_settings(self) -> None:
        """The core is told of the configuration as it is."""
        configuration = load(self.folder.config, "alpha")
        settings = core_settings(configuration, load_keys(configuration.key_file))
        self.assertEqual((settings.cluster, settings.node, settings.arbiter), ("web", "alpha", "trust"))
        self.assertEqual((settings.timing, settings.services), (configuration.timing, configuration.services))
        self.assertEqual(settings.configuration, configuration.digest)
        self.assertEqual(
            [(link.name, link.peers, link.baud) for link in settings.links],
            [("lan", ("alpha", "beta"), None)],
        )

    async def test_settings_of_a_quorum(self) -> None:
        """Where nodes vote the core knows it, and that beats are longer by their promises."""
        keys = load_keys(load(self.folder.config, "alpha").key_file)
        trust = core_settings(load(self.folder.config, "alpha"), keys)
        self.write_arbiter("quorum")
        quorum = core_settings(load(self.folder.config, "alpha"), keys)
        self.assertEqual((trust.votes, quorum.votes), (False, True))
        self.assertGreater(quorum.links[0].frame, trust.links[0].frame)

    async def test_voters_of_the_life_before(self) -> None:
        """The sets of voters that were kept are in force again, and a file with too many new ones is told."""
        state_file = self.folder.path / "state" / "web.alpha.json"
        self.write_arbiter("quorum")
        state_file.parent.mkdir()
        state_file.write_text('{"voters": ["alpha", "old"], "coming": []}')
        self.begin()
        await self.until((self.folder.run / "web.alpha.sock").exists, "it can be asked")
        status = await self.status()
        self.assertEqual((status["arbiter"]["voters"], status["arbiter"]["needed"]), (["alpha", "old"], 2))
        self.assertTrue(any("are new to alpha, old, who vote until" in line for line in self.log.lines))

    async def test_voters_forgotten(self) -> None:
        """Where nobody votes a set of voters is not kept, whatever an earlier life kept."""
        state_file = self.folder.path / "state" / "web.alpha.json"
        state_file.parent.mkdir()
        state_file.write_text('{"voters": ["alpha", "old"], "coming": ["alpha"]}')
        self.begin()
        await self.until(lambda: recall(state_file)[0].incarnation, "it is written anew")
        await self.until(lambda: not recall(state_file)[0].voters, "they are forgotten")
        self.assertEqual(recall(state_file)[0].coming, ())


class FaultTests(NodeCase):
    """A fault of our own."""

    def break_core(self, kind: type[inputs.Input], error: Exception) -> None:
        """From now on the core fails at every input of this kind."""
        step = Core.step

        def broken(core: Core, awake: float, boot: float, event: inputs.Input) -> Any:
            if isinstance(event, kind):
                raise error
            return step(core, awake, boot, event)

        self.patch(Core, "step", broken)

    async def test_lets_go(self) -> None:
        """A core that fails while it holds: no more beats, everything is let go of, the daemon ends."""
        ear = Ear(self, self.folder)
        await self.begin_holding()
        self.break_core(inputs.Tick, ZeroDivisionError())
        await self.until(lambda: len(self.folder.calls()) == 2, "the service is stopped")
        ear.take()
        self.assertEqual(self.folder.diary()[1][0], "stop")
        await self.until(lambda: self.reactor.stops, "the daemon ends")
        self.assertEqual(ear.take(), [], "it went on beating")
        self.assertEqual(self.reactor.stops, 1)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertIn((os._exit, 1), self.at_exit)

    async def test_no_goodbye(self) -> None:
        """It does not say goodbye: nobody may rely on what it has let go of."""
        ear = Ear(self, self.folder)
        node = await self.begin_holding()
        self.break_core(inputs.Tick, ZeroDivisionError())
        await self.until(lambda: self.reactor.stops, "the daemon ends")
        await node.stopService()
        self.assertEqual(ear.goodbyes(), 0)
        self.flushLoggedErrors(ZeroDivisionError)

    async def test_by_force(self) -> None:
        """A script that will not stop is killed within the service's `stop`, before the daemon ends."""
        text = self.folder.script.read_text()
        self.folder.script.write_text(text + 'if [ "$1" = stop ]; then trap "" TERM; sleep 60; fi\n')
        await self.begin_holding()
        self.break_core(inputs.Tick, ZeroDivisionError())
        began = time.monotonic()
        await self.until(lambda: self.reactor.stops, "the daemon ends")
        self.assertLess(time.monotonic() - began, 10)
        self.flushLoggedErrors(ZeroDivisionError)

    async def test_term(self) -> None:
        """Its scripts are told the term in which it was held: to those who fence by it, 0 is a lie."""
        await self.begin_holding()
        self.break_core(inputs.Tick, ZeroDivisionError())
        await self.until(lambda: self.reactor.stops, "the daemon ends")
        self.flushLoggedErrors(ZeroDivisionError)
        (start, stop) = self.folder.diary()
        self.assertEqual((stop[0], stop[3]), ("stop", start[3]))

    async def test_could_not_begin(self) -> None:
        """One that cannot begin says so and ends, also while the reactor does not run yet."""

        async def fail(*ignored: object) -> frozenset[str]:
            raise ZeroDivisionError

        self.reactor.refuses = 1
        self.patch(service_module, "release_leftovers", fail)
        node = self.make()
        node.startService()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        await self.until(lambda: self.reactor.stops, "it ends, now that the reactor runs")
        await self.stop_in_time(node)

    async def test_could_not_begin_later(self) -> None:
        """One that could not begin can be stopped like any other: there is nothing to let go of."""

        async def fail(*ignored: object) -> frozenset[str]:
            await deferLater(reactor, 0)
            raise ZeroDivisionError

        self.patch(service_module, "release_leftovers", fail)
        node = self.make()
        node.startService()
        await self.until(lambda: self.reactor.stops, "it ends")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        await self.stop_in_time(node)

    async def stop_in_time(self, node: NodeService) -> None:
        """Stopping it neither fails nor hangs."""
        stopped: Deferred[None] = node.stopService()
        await stopped.addTimeout(PATIENCE, reactor)

"""A node's life: release what a killed daemon left, beat, and at the end let go and say goodbye."""

from __future__ import annotations

import atexit
import os
import signal
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, Logger

from heart.codec import Codec
from heart.config.model import QUORUM, Configuration
from heart.control.connection import CommandRefused
from heart.control.server import ControlServer, SocketUnusable, socket_group
from heart.core import inputs
from heart.core.cluster import Core
from heart.core.description import describe
from heart.core.services.whereabouts import without_key
from heart.keys import Keys
from heart.logs import LogWriter
from heart.node.clocks import AwakeToTimeOfDay, machine_clocks, seconds_of_day
from heart.node.commands import commands
from heart.node.driver import Driver
from heart.node.hands import Hands, state_file
from heart.node.leftovers import release_leftovers, tenure_of
from heart.node.memory import next_incarnation, recall
from heart.node.reload import Reloader, Running
from heart.node.settings import core_settings
from heart.node.voters import doubt_of_voters, limit_of_few, voters_of

STOP = 0.3  # seconds to let go of a service that is in the configuration no more
LAST_WORDS = 1.0  # seconds that the end may wait for files and for the event command


class NodeService(Service):
    """One node's daemon, as a Twisted service. `reactor` keeps monotonic time."""

    _log = Logger()

    def __init__(self, configuration: Configuration, keys: Keys, reactor: Any, log: LogWriter) -> None:
        self._first = Running(configuration, keys)
        self._reactor = reactor
        self._log_writer = log
        self._clocks = machine_clocks()
        self._group = socket_group()  # asked for now, because it may block
        self._remembered, self._memory_lost = recall(state_file(configuration))
        self._finished: Deferred[None] = Deferred()
        self._driver: Driver | None = None

    def setServiceParent(self, parent: Any) -> None:
        """Have twistd log through our writer, which cannot hold up a beat."""
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        parent.setComponent(ILogObserver, self._log_writer)

    def startService(self) -> None:
        """Begin the node's life."""
        super().startService()  # type: ignore[no-untyped-call]
        self._log_writer.start()
        self._reactor.addSystemEventTrigger("after", "shutdown", self._log_writer.finish)
        self._hands = Hands(self._first.configuration, self._remembered, self._reactor)
        in_thread = self._hands.in_thread
        self._reloader = Reloader(
            self._first, in_thread, self._adopt, self._keys_in_use, self._without_key, self._voters
        )
        self._begun = Deferred.fromCoroutine(self._begin())
        self._begun.addErrback(self._could_not_begin)

    def stopService(self) -> Deferred[None]:
        """Release, say goodbye, and fire when nothing of the node is left."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._end())

    async def _begin(self) -> None:
        configuration, hands = self._first.configuration, self._hands
        doubt = doubt_of_voters(configuration, self._remembered)
        for line in (*configuration.warnings, self._memory_lost, doubt):
            if line is not None:
                self._log.warn("{line}", line=line)
        unclean = await release_leftovers(configuration, hands)
        driver = self._make_driver(unclean)
        hands.results.user = driver
        await self._open_control(driver)
        self._driver = driver
        driver.give(inputs.Tick())
        hands.begin(driver)
        signal.signal(signal.SIGHUP, self._hung_up)
        self._log.info(
            "{node} of {cluster} beats every {beat:g} s in incarnation {incarnation}",
            node=configuration.node,
            cluster=configuration.cluster,
            beat=configuration.timing.beat,
            incarnation=hands.history.incarnation,
        )
        if (limit := limit_of_few(driver.core.state)) is not None:
            self._log.info("{limit}", limit=limit)

    async def _end(self) -> None:
        await self._begun
        hands, driver = self._hands, self._driver
        if driver is None:
            return
        driver.give(inputs.Shutdown("the daemon is being stopped"))
        await self._finished
        driver.stop()
        await self._shortly(*hands.end())
        await self._control.stop()
        await self._shortly(hands.memory.written(), hands.ledger.written())
        left = not driver.core.tenures.clean()
        told = "ends, but something may still run here" if left else "has let go of everything and ends"
        self._log.info("{node} {told}", node=self._first.configuration.node, told=told)

    def _shortly(self, *ends: Deferred[None]) -> Deferred[Any]:
        """Wait for what a stalled disk or device may hold up, but not for long."""
        waiting = DeferredList(ends)
        return waiting.addTimeout(LAST_WORDS, self._reactor).addErrback(self._stalled)

    def _make_driver(self, unclean: frozenset[str]) -> Driver:
        """The core in its new life, and what drives it."""
        hands, remembered = self._hands, self._remembered
        incarnation = next_incarnation(remembered, seconds_of_day)
        hands.history.incarnation = incarnation
        hands.memory.incarnation(incarnation)
        core = Core(
            core_settings(self._first.configuration, self._first.keys),
            self._clocks.awake(),
            self._clocks.boot(),
            incarnation=incarnation,
            seconds=int(seconds_of_day()),
            terms=remembered.terms,
            records=remembered.peers,
            unclean=unclean,
            orders=remembered.orders,
            voters=remembered.voters,
            coming=remembered.coming,
        )
        return Driver(
            core,
            self._make_codec(self._first),
            self._reactor,
            self._clocks,
            hands,
            hands.make_arbiter(self._first.configuration),
            finished=lambda: self._finished.callback(None),
            broken=self._broken,
        )

    def _make_codec(self, running: Running) -> Codec:
        self._codec = Codec(running.configuration.cluster, running.keys)
        return self._codec

    def _adopt(self, configuration: Configuration, keys: Keys) -> None:
        """Run with another configuration and other keys from now on."""
        if self._driver is None or not self.running:
            raise CommandRefused("the daemon is being started or stopped")
        voting = configuration.arbiter.kind == QUORUM
        arbiter = None if voting else self._hands.make_arbiter(configuration)
        self._hands.adopt(configuration)
        codec = self._make_codec(Running(configuration, keys))
        self._driver.reconfigure(core_settings(configuration, keys), codec, arbiter)
        self._hands.begin(self._driver)

    def _keys_in_use(self) -> Deferred[frozenset[int]]:
        """The keys other than ours with which peers sign, from listening for as long as silence may last."""
        self._codec.others.clear()
        dead = self._reloader.running.configuration.timing.dead
        return deferLater(self._reactor, dead, lambda: frozenset(self._codec.others))

    def _without_key(self, mark: int) -> tuple[str, ...]:
        """The peers that speak and say that they do not have the key with this mark."""
        return () if self._driver is None else without_key(self._driver.core.state, mark)

    def _voters(self) -> tuple[str, ...]:
        """Those under whose votes this node is, or goes over to."""
        if self._driver is None:
            return tuple(node.name for node in self._reloader.running.configuration.nodes)
        return voters_of(self._driver.core.state)

    def _hung_up(self, number: int, frame: FrameType | None) -> None:
        """SIGHUP came; a signal may come anywhere, so the work is done in a turn of its own."""
        self._reactor.callFromThread(self._reloader.hang_up)

    async def _open_control(self, driver: Driver) -> None:
        socket = self._first.configuration.socket()
        reloader = self._reloader
        further = commands(driver.operate, lambda: reloader.running.configuration, reloader.reload)
        self._control = ControlServer(
            self._reactor,
            socket,
            partial(self._describe, driver.core),
            self._hands.history,
            further,
            group=self._group,
        )
        try:
            await self._control.start()
        except SocketUnusable as error:
            self._log.error("{error}; `heart status` cannot reach this daemon", error=str(error))

    def _describe(self, core: Core) -> dict[str, Any]:
        status = describe(core, self._clocks.awake(), AwakeToTimeOfDay(self._clocks))
        kinds = {link.name: link.kind for link in self._reloader.running.configuration.links}
        for told in status["links"]:
            link = self._hands.links[told["name"]]
            told |= {"kind": kinds[told["name"]], "skipped": link.skipped, "damaged": link.damaged}
        return status

    def _broken(self) -> None:
        """The core has failed: by force let go of everything, and end."""
        configuration = self._reloader.running.configuration
        budgets = {held.service: STOP for held in self._hands.ledger.held()}
        budgets |= {service.name: service.stop for service in configuration.services}
        for held in self._hands.ledger.held():
            tenure = tenure_of(configuration, held, "fault")
            self._hands.sequences[held.service].release(tenure, budgets[held.service])
        self._reactor.callLater(max(budgets.values(), default=0.0), self._end_broken)

    def _end_broken(self) -> None:
        self._finished.callback(None)
        self._fail()

    def _fail(self) -> None:
        """End, with a status that tells whoever supervises this daemon that it did not end well."""
        atexit.register(os._exit, 1)  # twistd offers no other way
        try:
            self._reactor.stop()
        except ReactorNotRunning:  # not yet, or it ends already
            self._reactor.callLater(0, self._stop_reactor)

    def _stop_reactor(self) -> None:
        with suppress(ReactorNotRunning):
            self._reactor.stop()

    def _could_not_begin(self, failure: Any) -> None:
        self._log.failure("Heart could not begin", failure)
        self._fail()

    def _stalled(self, failure: Any) -> None:
        self._log.error(
            "A disk or device was not done within {seconds:g} s: not waited for", seconds=LAST_WORDS
        )

"""A node's life: release what a killed daemon left, beat, and at the end let go and say goodbye."""

from __future__ import annotations

import atexit
import os
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.error import ReactorNotRunning
from twisted.logger import ILogObserver, Logger

import heart
from heart.arbiters.trust import Trust
from heart.codec import Codec
from heart.config.model import Configuration, SerialLink
from heart.control.server import ControlServer, SocketUnusable, socket_group
from heart.core import inputs
from heart.core.cluster import Core
from heart.core.description import describe
from heart.core.settings import LinkSettings, Settings
from heart.keys import Keys
from heart.logs import LogWriter
from heart.node.clocks import AwakeToTimeOfDay, machine_clocks, seconds_of_day
from heart.node.driver import Driver
from heart.node.hands import Hands, state_file
from heart.node.leftovers import release_leftovers, tenure_of
from heart.node.memory import next_incarnation, recall

LAST_WORDS = 1.0  # seconds that the end may wait for files and for the event command


def core_settings(configuration: Configuration) -> Settings:
    """What the core must know of a configuration."""
    links = tuple(
        LinkSettings(link.name, link.nodes, link.baud if isinstance(link, SerialLink) else None)
        for link in configuration.links
    )
    return Settings(
        configuration.cluster,
        configuration.node,
        configuration.nodes,
        configuration.timing,
        links,
        configuration.services,
        configuration.digest,
        heart.__version__,
        configuration.arbiter,
    )


class NodeService(Service):
    """One node's daemon, as a Twisted service. `reactor` keeps monotonic time."""

    _log = Logger()

    def __init__(self, configuration: Configuration, keys: Keys, reactor: Any, log: LogWriter) -> None:
        self._configuration = configuration
        self._keys = keys
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
        self._hands = Hands(self._configuration, self._remembered, self._reactor)
        self._begun = Deferred.fromCoroutine(self._begin())
        self._begun.addErrback(self._could_not_begin)

    def stopService(self) -> Deferred[None]:
        """Release, say goodbye, and fire when nothing of the node is left."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._end())

    async def _begin(self) -> None:
        configuration, hands = self._configuration, self._hands
        for line in (*configuration.warnings, self._memory_lost):
            if line is not None:
                self._log.warn("{line}", line=line)
        unclean = await release_leftovers(configuration, hands)
        driver = self._make_driver(unclean)
        hands.results.user = driver
        await self._open_control(driver.core)
        self._driver = driver
        driver.give(inputs.Tick())
        for link in hands.links.values():
            link.start(driver)
        self._log.info(
            "{node} of {cluster} beats every {beat:g} s in incarnation {incarnation}",
            node=configuration.node,
            cluster=configuration.cluster,
            beat=configuration.timing.beat,
            incarnation=hands.history.incarnation,
        )

    async def _end(self) -> None:
        await self._begun
        hands, driver = self._hands, self._driver
        if driver is None:
            return
        driver.give(inputs.Shutdown("the daemon is being stopped"))
        await self._finished
        driver.stop()
        await self._shortly(*(link.stop() for link in hands.links.values()))
        if hands.event_command is not None:
            await hands.event_command.stop(LAST_WORDS)
        await self._control.stop()
        await self._shortly(hands.memory.written(), hands.ledger.written())
        left = not driver.core.tenures.clean()
        told = "ends, but something may still run here" if left else "has let go of everything and ends"
        self._log.info("{node} {told}", node=self._configuration.node, told=told)

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
            core_settings(self._configuration),
            self._clocks.awake(),
            self._clocks.boot(),
            incarnation=incarnation,
            seconds=int(seconds_of_day()),
            terms=remembered.terms,
            records=remembered.peers,
            unclean=unclean,
        )
        return Driver(
            core,
            Codec(self._configuration.cluster, self._keys),
            self._reactor,
            self._clocks,
            hands,
            Trust(),
            finished=lambda: self._finished.callback(None),
            broken=self._broken,
        )

    async def _open_control(self, core: Core) -> None:
        socket = self._configuration.socket()
        history = self._hands.history
        self._control = ControlServer(
            self._reactor, socket, partial(self._describe, core), history, group=self._group
        )
        try:
            await self._control.start()
        except SocketUnusable as error:
            self._log.error("{error}; `heart status` cannot reach this daemon", error=str(error))

    def _describe(self, core: Core) -> dict[str, Any]:
        status = describe(core, self._clocks.awake(), AwakeToTimeOfDay(self._clocks))
        for told in status["links"]:
            link = self._hands.links[told["name"]]
            told |= {"skipped": link.skipped, "damaged": link.damaged}
        return status

    def _broken(self) -> None:
        """The core has failed: by force let go of everything, and end."""
        budgets = {service.name: service.stop for service in self._configuration.services}
        for held in self._hands.ledger.held():
            tenure = tenure_of(self._configuration, held, "fault")
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

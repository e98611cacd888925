"""All that a node acts and keeps with: links, the resources of its services, files, history."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from heart.arbiters import make_arbiter
from heart.config.model import Configuration, PluginResource, Resource, Service
from heart.config.model import Link as LinkSettings
from heart.events import text
from heart.events.command import EventCommand, make_event_command
from heart.events.history import Event, History
from heart.interfaces import IArbiter, ILink, InThread, IResource, LinkUser
from heart.links import make_link
from heart.links.roster import Roster
from heart.node.clocks import time_of_day
from heart.node.ledger import Ledger
from heart.node.memory import Memory, Remembered
from heart.node.results import Results
from heart.node.threads import make_threads
from heart.resources import make_resource
from heart.resources.sequence import Sequence

PLUGGED = 8
"""Threads for all resources from plug-ins together."""

LAST_EVENTS = 1.0
"""Seconds in which a command that is to be told no more events is still told those that wait."""


def state_file(configuration: Configuration) -> Path:
    """Where a node keeps what outlives its daemon."""
    return configuration.paths.state / f"{configuration.cluster}.{configuration.node}.json"


def ledger_file(configuration: Configuration) -> Path:
    """Where a node keeps what it holds, for the daemon that comes after it."""
    return configuration.paths.run / f"{configuration.cluster}.{configuration.node}.held"


class Hands:
    """Made once for each life of a daemon, when the reactor runs: it starts threads.

    `sequences` are those of the services by name; one that a changed configuration has no more is there
    until it is told to `forget` it. `in_thread` is for reading the configuration's files.
    """

    _log = Logger()

    def __init__(self, configuration: Configuration, remembered: Remembered, reactor: Any) -> None:
        self._reactor = reactor
        self.in_thread = self._in_thread("files", 1)
        disk = self._in_thread("disk", 2)
        self.memory = Memory(state_file(configuration), remembered, disk)
        self.ledger = Ledger(ledger_file(configuration), disk)
        self.history = History(configuration.node, time_of_day)
        self.history.subscribe(self._log_event)
        self.results = Results()
        self.sequences: dict[str, Sequence] = {}
        self._arbiters = self._in_thread("arbiters", 4)
        self._devices = make_threads("devices", 1)
        self._kernel = make_threads("kernel", 1)
        self._plugged = make_threads("plug-ins", PLUGGED)
        self._links = Roster(self._make_link)
        self._told: tuple[str, ...] | None = None
        self._event_command: EventCommand | None = None
        self.adopt(configuration)

    @property
    def links(self) -> dict[str, ILink]:
        """The links that there are now, by name."""
        return self._links.links

    def adopt(self, configuration: Configuration) -> None:
        """Act by this configuration from now on; what is new in it waits for `begin`."""
        self._devices.adjustPoolsize(0, 1 + 2 * len(configuration.links))
        self._kernel.adjustPoolsize(0, 1 + len(configuration.services))
        self._links.adopt(configuration.links)
        for service in configuration.services:
            self._adopt_service(service)
        self._adopt_command(configuration.events)

    def begin(self, user: LinkUser) -> None:
        """Open the links that are not open yet, and listen to what resources notice."""
        self._links.begin(user)
        for sequence in self.sequences.values():
            sequence.watch()

    def forget(self, service: str) -> None:
        """Nothing of this service is held, and nothing of it will be."""
        self.sequences.pop(service).close()

    def end(self) -> list[Deferred[None]]:
        """Close everything; each fires when nothing of it is left."""
        for sequence in self.sequences.values():
            sequence.close()
        told = () if self._event_command is None else (self._event_command.stop(LAST_EVENTS),)
        return [*self._links.stop(), *told]

    def make_arbiter(self, configuration: Configuration) -> IArbiter:
        """The arbiter of this configuration; one that cannot be made refuses."""
        return make_arbiter(configuration.arbiter, self._reactor, self._arbiters)

    def _adopt_service(self, service: Service) -> None:
        sequence = self.sequences.get(service.name)
        if sequence is not None:
            sequence.stop = service.stop
            sequence.renew(service.resources)
            return
        self.sequences[service.name] = Sequence(
            self._reactor,
            service.name,
            service.resources,
            self._make_resource,
            service.stop,
            self.results,
            partial(self.ledger.changed, service.name),
        )

    def _adopt_command(self, command: tuple[str, ...] | None) -> None:
        if command == self._told:
            return
        if self._event_command is not None:
            self._event_command.stop(LAST_EVENTS)
        self._told, self._event_command = command, None
        if command is not None:
            self._event_command = make_event_command(self._reactor, self.history, command)
            self._event_command.start()

    def _make_resource(self, settings: Resource) -> IResource:
        """A thread that a plug-in leaves hanging is none that an address waits for."""
        threads = self._plugged if isinstance(settings, PluginResource) else self._kernel
        return make_resource(settings, self._reactor, threads)

    def _make_link(self, settings: LinkSettings) -> ILink:
        return make_link(settings, self._reactor, self._devices)

    def _in_thread(self, name: str, most: int) -> InThread:
        return partial(deferToThreadPool, self._reactor, make_threads(name, most))

    def _log_event(self, event: Event) -> None:
        self._log.info("{node} {event}", node=event["node"], event=text.describe(event))

"""All that a node acts and keeps with: links, the resources of its services, files, history."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from heart.config.model import Configuration, Service
from heart.events import text
from heart.events.command import EventCommand, make_event_command
from heart.events.history import Event, History
from heart.interfaces import Tenure
from heart.links import make_link
from heart.node.clocks import time_of_day
from heart.node.ledger import Ledger
from heart.node.memory import Memory, Remembered
from heart.node.threads import make_threads
from heart.resources import make_resource
from heart.resources.sequence import Sequence, SequenceUser


def state_file(configuration: Configuration) -> Path:
    """Where a node keeps what outlives its daemon."""
    return configuration.paths.state / f"{configuration.cluster}.{configuration.node}.json"


def ledger_file(configuration: Configuration) -> Path:
    """Where a node keeps what it holds, for the daemon that comes after it."""
    return configuration.paths.run / f"{configuration.cluster}.{configuration.node}.held"


class Results:
    """Hands what sequences report to whoever is interested at the time."""

    def __init__(self) -> None:
        self.user: SequenceUser | None = None

    def started(self, tenure: Tenure) -> None:
        """Everything runs."""
        if self.user is not None:
            self.user.started(tenure)

    def start_failed(self, tenure: Tenure, reason: str, clean: bool) -> None:
        """Something did not start."""
        if self.user is not None:
            self.user.start_failed(tenure, reason, clean)

    def released(self, tenure: Tenure, clean: bool, reason: str) -> None:
        """A release has ended."""
        if self.user is not None:
            self.user.released(tenure, clean, reason)


class Hands:
    """Made once for each life of a daemon, when the reactor runs: it starts threads."""

    _log = Logger()

    def __init__(self, configuration: Configuration, remembered: Remembered, reactor: Any) -> None:
        self._reactor = reactor
        disk = partial(deferToThreadPool, reactor, make_threads("disk", 2))
        self.memory = Memory(state_file(configuration), remembered, disk)
        self.ledger = Ledger(ledger_file(configuration), disk)
        self.history = History(configuration.node, time_of_day)
        self.history.subscribe(self._log_event)
        self.event_command: EventCommand | None = None
        if configuration.events is not None:
            self.event_command = make_event_command(reactor, self.history, configuration.events)
            self.event_command.start()
        devices = make_threads("devices", 1 + len(configuration.links))
        self.links = {link.name: make_link(link, reactor, devices) for link in configuration.links}
        self.results = Results()
        self._kernel = make_threads("kernel", 1 + len(configuration.services))
        self.sequences = {service.name: self._make_sequence(service) for service in configuration.services}

    def _make_sequence(self, service: Service) -> Sequence:
        resources = [make_resource(resource, self._reactor, self._kernel) for resource in service.resources]
        changed = partial(self.ledger.changed, service.name)
        return Sequence(self._reactor, resources, service.stop, self.results, changed)

    def _log_event(self, event: Event) -> None:
        self._log.info("{node} {event}", node=event["node"], event=text.describe(event))

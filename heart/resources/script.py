"""A script as a resource: an external command that is called with `start`, `stop` or `status`."""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from zope.interface import implementer

from heart.config.model import ScriptResource
from heart.interfaces import IResource, ResourceFailed, ResourceUser, Tenure
from heart.process import Call, Outcome, Reactor, run

GRACE = 5.0
"""Seconds from SIGTERM to SIGKILL where no budget is given."""

STATUS_GRACE = 1.0
"""The same for a status, which has nothing to bring to an end."""

STOPPED = 3
"""The exit status of `status` where it does not run (Linux Standard Base, Core: Init Script Actions)."""


@implementer(IResource)
class Script:
    """Calls its command once at a time; what the command starts in the background stays when it ends."""

    _log = Logger()

    def __init__(self, settings: ScriptResource, reactor: Reactor) -> None:
        self.label = f"script {settings.command[0]}"
        self._settings = settings
        self._reactor = reactor
        self._call: Call | None = None
        self.output = ""

    @property
    def pid(self) -> int | None:
        """The process group of the call that runs, None if none does."""
        return self._call.pid if self._call is not None else None

    def watch(self, user: ResourceUser) -> None:
        """A script notices nothing by itself: it is asked for its status."""

    def close(self) -> None:
        """There is nothing to end."""

    def status(self, tenure: Tenure) -> Deferred[None]:
        """Call it with `status`, for its timeout at most; what it prints counts only where it fails."""
        return self._run("status", tenure, self._settings.timeout, STATUS_GRACE)

    def start(self, tenure: Tenure) -> Deferred[None]:
        """Call it with `start`, for its timeout at most."""
        return self._run("start", tenure, self._settings.timeout, GRACE)

    def stop(self, tenure: Tenure, budget: float | None) -> Deferred[None]:
        """Call it with `stop`: SIGTERM after two thirds of the budget, SIGKILL before its end."""
        if budget is None:
            return self._run("stop", tenure, self._settings.timeout, GRACE)
        return self._run("stop", tenure, budget * 2 / 3, budget / 4)

    def interrupt(self, budget: float) -> Deferred[None]:
        """End the call that runs, and what it started."""
        if self._call is None:
            return succeed(None)
        return self._call.interrupt(budget)

    def announce(self) -> None:
        """A script has nothing to announce."""

    def _run(self, action: str, tenure: Tenure, deadline: float, grace: float) -> Deferred[None]:
        if self._call is not None and not self._call.done.called:
            raise RuntimeError(f"{self.label}: {action} asked for while another call runs")
        self._call = run(
            self._reactor,
            [*self._settings.command, action],
            environment=_environment(tenure),
            deadline=deadline,
            grace=grace,
        )
        return self._call.done.addCallback(self._judge, action)

    def _judge(self, outcome: Outcome, action: str) -> None:
        if action == "status" and outcome.problem is None:
            return
        self.output = outcome.output
        if outcome.output:
            self._log.info(
                "{label} {action} wrote: {output}", label=self.label, action=action, output=outcome.output
            )
        if outcome.problem is None:
            return
        said = f": {outcome.last_line}" if outcome.last_line else ""
        stopped = action == "status" and outcome.status == STOPPED
        problem = "is stopped" if stopped else outcome.problem
        raise ResourceFailed(f"{self.label} {action}: {problem}{said}")


def _environment(tenure: Tenure) -> dict[str, str]:
    """What the contract promises to scripts (docs/configuration.md)."""
    attributes = {node: dict(own) for node, own in tenure.attributes.items()}
    return {
        "HEART_CLUSTER": tenure.cluster,
        "HEART_NODE": tenure.node,
        "HEART_SERVICE": tenure.service,
        "HEART_TERM": str(tenure.term),
        "HEART_REASON": tenure.reason,
        "HEART_PREVIOUS": tenure.previous or "",
        "HEART_ATTRIBUTES": json.dumps(attributes, separators=(",", ":"), sort_keys=True),
    }

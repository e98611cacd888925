"""What became of one service in a simulated cluster: seconds without it, seconds with two of it, and why."""

from __future__ import annotations

from collections.abc import Iterable

from heart.core import decisions as d
from heart.simulation.invariants.facts import Witness

NEEDLESS = frozenset({"conflict", "lease"})  # why a holder lets go though nobody has died and nobody asked


class ServiceRecord(Witness):
    """Counts from `begin` on. The service is there where its resources run and nothing is wrong with them."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._running: set[str] = set()
        self._broken: set[str] = set()
        self._counted_to = 0.0
        self.begin(0.0)

    def begin(self, now: float) -> None:
        """Count anew."""
        self._counted_to = now
        self.without = self.double = 0.0
        self.needless_releases = self.verdicts = 0
        self._called_dead: dict[str, float] = {}

    def count_to(self, now: float) -> None:
        """Count the time that has passed."""
        passed, self._counted_to = now - self._counted_to, now
        of_use = len(self._running - self._broken)
        if of_use > 1:
            self.double += passed
        elif not of_use:
            self.without += passed

    def called_dead_at(self, nodes: Iterable[str]) -> float | None:
        """When one of these was first called dead; None: none was."""
        return min((self._called_dead[node] for node in nodes if node in self._called_dead), default=None)

    def broke(self, now: float, node: str) -> None:
        """What runs on a node is of no use from now on."""
        self.count_to(now)
        self._broken.add(node)

    def works(self, now: float, node: str) -> None:
        """It is of use again."""
        self.count_to(now)
        self._broken.discard(node)

    def took(self, time: float, node: str, service: str, term: int) -> None:
        """Resources run there."""
        if service == self._service:
            self.count_to(time)
            self._running.add(node)

    def let_go(self, time: float, node: str, service: str) -> None:
        """They run there no more."""
        if service == self._service:
            self.count_to(time)
            self._running.discard(node)
            self._broken.discard(node)

    def decided(self, time: float, node: str, decision: d.Decision) -> None:
        """Count what nobody wanted."""
        match decision:
            case d.Release(self._service, _, reason, _) if reason in NEEDLESS:
                self.needless_releases += 1
            case d.Report("node-dead", _, fields):
                self.verdicts += 1
                self._called_dead.setdefault(str(fields["peer"]), time)
            case _:
                pass

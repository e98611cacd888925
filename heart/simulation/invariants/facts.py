"""What happened in a cluster, as somebody would see it who stands outside and sees everything.

Whoever watches a cluster (a simulation, a test of real nodes) tells these facts; invariants, records and
timelines are told them. Times are true seconds, the same for all nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from heart.beat import Beat
from heart.core.decisions import Decision


class Witness:
    """Somebody who is told facts. Each kind of fact is a method; those that are of no interest do nothing."""

    def began(self, time: float, node: str, incarnation: int) -> None:
        """A daemon begins a life."""

    def died(self, time: float, node: str) -> None:
        """A machine died, and all that ran on it; or its daemon has ended, and nothing is held."""

    def stalled(self, time: float, node: str) -> None:
        """A daemon or its machine can do nothing from now on."""

    def woke(self, time: float, node: str) -> None:
        """It can act again."""

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """A daemon sent a beat."""

    def arrived(self, time: float, node: str, link: str, beat: Beat) -> None:
        """A frame with a good signature waits at a daemon that cannot read it now."""

    def reached(self, time: float, node: str, link: str, beat: Beat) -> None:
        """A frame with a good signature was taken in by a daemon, new or not."""

    def decided(self, time: float, node: str, decision: Decision) -> None:
        """A core decided anything but a beat."""

    def took(self, time: float, node: str, service: str, term: int) -> None:
        """Resources of a service run on this node from now on."""

    def let_go(self, time: float, node: str, service: str) -> None:
        """Nothing of a service runs on this node any more."""


KINDS = ("began", "died", "stalled", "woke", "sent", "arrived", "reached", "decided", "took", "let_go")


class Facts:
    """Passes each fact on to those who want to know that kind, in the order in which they were added."""

    def __init__(self, witnesses: Iterable[Witness] = ()) -> None:
        self._told: dict[str, list[Callable[..., None]]] = {kind: [] for kind in KINDS}
        for witness in witnesses:
            self.add(witness)

    def add(self, witness: Witness) -> None:
        """From now on this one is told, too."""
        for kind, told in self._told.items():
            if getattr(type(witness), kind) is not getattr(Witness, kind):
                told.append(getattr(witness, kind))

    def of(self, kind: str) -> list[Callable[..., None]]:
        """Those who are told facts of this kind; the list grows as more are added."""
        return self._told[kind]

    def tell(self, kind: str, time: float, node: str, *what: Any) -> None:
        """Tell a fact."""
        for told in self._told[kind]:
            told(time, node, *what)

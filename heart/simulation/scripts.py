"""The scripts of one simulated node: they take time, fail, and hang."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from heart.core import decisions as d
from heart.core import inputs

TIMEOUT = 20.0
"""Seconds after which a start, or a stop in good order, that hangs is killed."""

Later = Callable[..., None]
Give = Callable[[inputs.Input], None]
Ended = Callable[[str, int, bool], None]


@dataclass
class Scripts:
    """What resources do on a node. Times are seconds of its machine, inf: hangs.

    `holding` maps each service to the term in which its resources run here, or some of them. `fails` are
    services that do not start, `sick` those that run and report a problem. `later` does something after
    some seconds unless the machine has died, `give` tells the core, and `changed` that services run or do
    not run here any more.
    """

    later: Later
    give: Give
    changed: Callable[[str, int | None], None]
    starts_in: float = 0.02
    stops_in: float = 0.02
    checks_in: float = 0.0
    fails: set[str] = field(default_factory=set)
    sick: dict[str, str] = field(default_factory=dict)
    holding: dict[str, int] = field(default_factory=dict)
    _calls: dict[str, int] = field(default_factory=dict)
    _under_way: dict[str, tuple[Ended, int]] = field(default_factory=dict)

    def vanish(self) -> None:
        """The machine dies, and all that ran on it."""
        self._under_way.clear()
        for service in list(self.holding):
            self._runs_no_more(service)

    def mend(self) -> None:
        """From now on they work, and what hangs ends."""
        self.fails.clear()
        self.sick.clear()
        self.starts_in = self.stops_in = 0.02
        for service, (ended, term) in list(self._under_way.items()):
            self._call(service, self.stops_in, TIMEOUT, ended, term)

    def start(self, service: str, term: int) -> None:
        """Start a service."""
        self.holding[service] = term
        self.changed(service, term)
        self._call(service, self.starts_in, TIMEOUT, self._start_ended, term)

    def restart(self, service: str, term: int) -> None:
        """Stop a service and start it again."""
        self._call(service, self.stops_in + self.starts_in, TIMEOUT, self._start_ended, term)

    def stop(self, service: str, term: int, budget: float | None) -> None:
        """Stop a service; what still runs when the budget has passed is killed."""
        self._call(service, self.stops_in, TIMEOUT if budget is None else budget, self._released, term)

    def check(self, service: str, term: int) -> None:
        """Ask a service for its status."""
        self.later(min(self.checks_in, TIMEOUT), self._checked, service, term)

    def _call(self, service: str, takes: float, limit: float, ended: Ended, term: int) -> None:
        """One call at a time for a service: a later one overtakes what is under way."""
        number = self._calls[service] = self._calls.get(service, 0) + 1
        self._under_way[service] = ended, term
        self.later(min(takes, limit), self._end, service, number, ended, term, takes > limit)

    def _end(self, service: str, number: int, ended: Ended, term: int, killed: bool) -> None:
        if self._calls.get(service) == number:
            self._under_way.pop(service, None)
            ended(service, term, killed)

    def _start_ended(self, service: str, term: int, killed: bool) -> None:
        if service in self.fails or killed:
            self._runs_no_more(service)
            self.give(inputs.StartFailed(service, term, "it is made to fail", True))
        else:
            self.give(inputs.Started(service, term))

    def _checked(self, service: str, term: int) -> None:
        hangs = "hangs" if self.checks_in == inf else None
        self.give(inputs.Checked(service, term, self.sick.get(service, hangs)))

    def _released(self, service: str, term: int, killed: bool) -> None:
        self._runs_no_more(service)
        self.give(inputs.Released(service, term, "", True))

    def _runs_no_more(self, service: str) -> None:
        if self.holding.pop(service, None) is not None:
            self.changed(service, None)


def carry_out(scripts: Scripts, decision: d.Decision) -> bool:
    """Have the scripts do what was decided; False where that is nothing for scripts."""
    match decision:
        case d.TakeOver(service, term):
            scripts.start(service, term)
        case d.Release(service, term, _, budget):
            scripts.stop(service, term, budget)
        case d.Check(service, term):
            scripts.check(service, term)
        case d.Restart(service, term):
            scripts.restart(service, term)
        case _:
            return False
    return True

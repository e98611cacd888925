"""What a daemon that was killed left behind is let go of before anything else."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from heart.config.model import Configuration
from heart.interfaces import Tenure
from heart.node.hands import Hands, ledger_file
from heart.node.ledger import Held, end_running, leftovers

_log = Logger()


class _Leftovers:
    """Waits for the releases of leftovers; each fires with whether it was clean."""

    def __init__(self) -> None:
        self.done: dict[str, Deferred[bool]] = {}

    def started(self, tenure: Tenure) -> None:
        """Nothing is started here."""

    def start_failed(self, tenure: Tenure, reason: str, clean: bool) -> None:
        """Nothing is started here."""

    def released(self, tenure: Tenure, clean: bool, reason: str) -> None:
        """A leftover is released, or may still run."""
        if not clean:
            _log.error(
                "What was left of {service} could not be released: {reason}. It may still run here",
                service=tenure.service,
                reason=reason,
            )
        self.done[tenure.service].callback(clean)

    def checked(self, tenure: Tenure, problem: str | None) -> None:
        """Nothing is asked for its status here."""

    def hindered(self, service: str, reason: str | None) -> None:
        """Nothing is watched here."""

    def contested(self, service: str, reason: str) -> None:
        """Nothing is watched here."""


async def release_leftovers(configuration: Configuration, hands: Hands) -> frozenset[str]:
    """Let go of all that a killed daemon held; returns the services of which something may still run.

    Each service is given its emergency budget, and what still runs then is killed.
    """
    held, problem = leftovers(ledger_file(configuration))
    if problem is not None:
        _log.error("{problem}", problem=problem)
    waiting = _Leftovers()
    hands.results.user = waiting
    budgets = {service.name: service.stop for service in configuration.services}
    for one in held:
        _tell(one, len(end_running(one)), one.service in budgets)
        if one.service in budgets:
            waiting.done[one.service] = Deferred()
            hands.sequences[one.service].release_leftovers(
                tenure_of(configuration, one, "leftover"), budgets[one.service]
            )
    return frozenset({name for name, done in tuple(waiting.done.items()) if not await done})


def tenure_of(configuration: Configuration, held: Held, reason: str) -> Tenure:
    """The tenure of what is held, as its resources are told when it is released for that reason."""
    return Tenure(configuration.cluster, configuration.node, held.service, held.term, reason, held.previous)


def _tell(held: Held, killed: int, known: bool) -> None:
    if not known:
        _log.error(
            "An earlier daemon held {service}, which is not in the configuration any more: "
            "its scripts were killed ({killed}), but see by hand to what it left",
            service=held.service,
            killed=killed,
        )
        return
    _log.warn(
        "An earlier daemon ended while it held {service} in term {term}: it is released first; "
        "scripts of it that still ran and were killed: {killed}",
        service=held.service,
        term=held.term,
        killed=killed,
    )

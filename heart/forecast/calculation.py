"""What is calculated for a service: the figures of its holder with each other node, and with a cable more."""

from __future__ import annotations

from dataclasses import dataclass, replace

from heart.config.model import Service
from heart.core.settings import Settings, link_settings
from heart.forecast.conditions import EVERYWHERE, Losses
from heart.qos.figures import Detection, figures

ADDED = "one more"  # a name that no link can have: it has a space
FURTHER: dict[str, int | None] = {"one more network": None, "a cable more (115,200 baud)": 115200}


@dataclass(frozen=True, slots=True)
class Calculated:
    """Of the preferred holder, with each node whose silence or deafness can move the service.

    `detection` is by the first of them; the rates are the sums of all of them, and so the most that there can
    be. `wait` is how long a successor waits after the last claim that it heard, in seconds.
    """

    detection: Detection
    wrong_verdicts: float
    wrong_releases: float
    wait: float

    @property
    def false_takeovers(self) -> float:
        """How many a year, at the most."""
        return self.wrong_verdicts + self.wrong_releases


def calculate(settings: Settings, losses: Losses, service: Service) -> Calculated | str:
    """The figures, or in words why there are none."""
    holder = service.nodes[0]
    others = _others(settings, service)
    if not others:
        return "no other node takes part"
    found = []
    for other in others:
        between = [link for link in settings.reach if {holder, other} <= set(link.peers)]
        if not between:
            return f"{holder} and {other} have no link in common: what is passed on is not calculated"
        try:
            lost = [losses.get(link.name, losses[EVERYWHERE]) for link in between]
            found.append(figures(settings.timing, between, lost, service.stop))
        except ValueError as error:
            return f"between {holder} and {other} {error}"
    return Calculated(
        found[0].detection,
        sum(one.wrong_verdicts for one in found),
        sum(one.wrong_releases for one in found),
        found[0].wait,
    )


def with_more(settings: Settings, losses: Losses, service: Service) -> dict[str, Calculated | str]:
    """The same with one link more: between all nodes, or a cable between the holder and the next."""
    others = _others(settings, service)
    if not others:
        return {}
    ends = {None: settings.names(), 115200: (service.nodes[0], others[0])}
    return {
        text: calculate(_joined(settings, ends[baud], baud), losses, service)
        for text, baud in FURTHER.items()
    }


def _others(settings: Settings, service: Service) -> tuple[str, ...]:
    """Under `quorum` each node votes; else those count that may hold the service."""
    able = service.nodes[1:]
    voting = settings.names() if settings.votes else ()
    return (*able, *(name for name in voting if name not in service.nodes))


def _joined(settings: Settings, ends: tuple[str, ...], baud: int | None) -> Settings:
    links = [(link.name, link.peers, link.baud) for link in settings.reach]
    reach = link_settings(
        len(settings.nodes), len(settings.services), [*links, (ADDED, ends, baud)], votes=settings.votes
    )
    return replace(settings, reach=reach)

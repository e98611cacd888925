"""What can happen to a cluster, one thing at a time, so that its effect on a service can be seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from heart.config.model import Service
from heart.core.settings import Settings
from heart.forecast.trial import Trial


@dataclass(frozen=True, slots=True)
class Blow(ABC):
    """A thing that happens; it is over after `lasts` seconds, or never where that is 0.

    `name` is for programs, `text` says to a person what happens to the holder.
    """

    name: str
    text: str
    lasts: float = 0.0

    @abstractmethod
    def strike(self, trial: Trial, holder: str) -> None:
        """It happens, while this node holds the service."""

    def mend(self, trial: Trial, holder: str) -> None:  # noqa: B027 - most things need no mending
        """It is over."""


class Death(Blow):
    """The holder's machine dies."""

    def strike(self, trial: Trial, holder: str) -> None:
        """It dies."""
        trial.machines.nodes[holder].kill()


class DeathOfAnother(Blow):
    """A machine that does not hold the service dies."""

    def strike(self, trial: Trial, holder: str) -> None:
        """The next one in the file dies."""
        trial.machines.nodes[next(name for name in trial.settings.names() if name != holder)].kill()


class End(Blow):
    """The holder's daemon is ended in good order."""

    def strike(self, trial: Trial, holder: str) -> None:
        """It is ended."""
        trial.machines.nodes[holder].shut_down()


class Move(Blow):
    """An operator moves the service."""

    def strike(self, trial: Trial, holder: str) -> None:
        """The next one that may hold it shall have it."""
        target = next(name for name in trial.service.nodes if name != holder)
        trial.machines.nodes[holder].operate("move", trial.service.name, target)


class Sickness(Blow):
    """The service dies on its living holder; starting it again mends it."""

    def strike(self, trial: Trial, holder: str) -> None:
        """Its status is bad from now on."""
        trial.make_sick(holder)


class Standstill(Blow):
    """The holder's whole machine stands still, as a virtual one does, and goes on."""

    def strike(self, trial: Trial, holder: str) -> None:
        """It stands still, and what it holds serves nobody."""
        trial.record.broke(trial.world.now, holder)
        trial.machines.nodes[holder].pause(self.lasts, whole=True)

    def mend(self, trial: Trial, holder: str) -> None:
        """It goes on."""
        trial.record.works(trial.world.now, holder)


class Hang(Blow):
    """The holder's daemon is stopped alone, and goes on: what it holds serves on."""

    def strike(self, trial: Trial, holder: str) -> None:
        """It is stopped."""
        trial.machines.nodes[holder].pause(self.lasts)


@dataclass(frozen=True, slots=True)
class Cut(Blow):
    """Links are cut, and healed: between all, or only what joins the holder to the others."""

    links: tuple[str, ...] = ()
    around_holder: bool = False

    def strike(self, trial: Trial, holder: str) -> None:
        """They carry nothing any more."""
        for name in self.links:
            medium = trial.machines.media[name]
            ways = medium.ways()
            cut = frozenset(way for way in ways if holder in way) if self.around_holder else ways
            medium.suffer(cut=cut)

    def mend(self, trial: Trial, holder: str) -> None:
        """They are as they were."""
        for name in self.links:
            trial.machines.media[name].suffer(cut=frozenset())


def lasting(settings: Settings, service: Service) -> float:
    """For how many seconds trouble lasts here: long enough for all that can follow from it."""
    judge = max(settings.judges().values())
    return 2 * (judge + settings.timing.wait(service.stop))


def blows(settings: Settings, service: Service) -> tuple[Blow, ...]:
    """All that can happen to the holder of a service of this configuration, the worst last."""
    lasts = lasting(settings, service)
    names = tuple(link.name for link in settings.reach)
    found: list[Blow] = [Death("holder-dies", "it dies")]
    if len(settings.nodes) > 1:
        found.append(DeathOfAnother("another-dies", "another node dies"))
    found.append(End("daemon-ended", "its daemon is ended"))
    if len(service.nodes) > 1:
        found.append(Move("moved", "an operator moves the service"))
    if service.monitor is not None:
        found.append(Sickness("service-fails", "the service fails on it"))
    if len(names) > 1:
        found += [Cut(f"cut:{name}", f"link {name} is cut", lasts, (name,)) for name in names]
    found += [
        Standstill("machine-stands-still", "its machine stands still", lasts),
        Hang("daemon-hangs", "its daemon alone hangs", lasts),
    ]
    if len(settings.nodes) > 2:
        found.append(Cut("holder-cut-off", "its links are all cut", lasts, names, True))
    found.append(Cut("all-cut", "all links of all are cut", lasts, names))
    return tuple(found)

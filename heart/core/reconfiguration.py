"""A changed configuration is taken up while beats go on.

Nodes are given a new file one after the other. So while a peer still runs another configuration, of
each time that safety rests on the more careful one of both files is in force: this node beats as often,
lets go as early, and waits as long as either of them says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from heart.config.model import QUORUM, Service, Timing
from heart.core.peers.ear import Ear
from heart.core.peers.peer import Life
from heart.core.services.tenures import Tenures
from heart.core.settings import Settings
from heart.core.state import State
from heart.core.talk.relay import Relay

Waits = Mapping[str, float]


class Reconfiguration:
    """Puts settings in force: at once what may be, and the rest when every peer has them, too.

    Where holding is to rest on a shorter lease, this node first beats and asks as the new file says, and
    has the shorter lease in force, and says that it runs the new file, when acks have had the time to
    become so fresh.
    """

    def __init__(self, state: State, ear: Ear, relay: Relay, tenures: Tenures) -> None:
        self._state = state
        self._ear = ear
        self._relay = relay
        self._tenures = tenures
        self._old = self._wanted = state.settings
        self._shorten_at = inf
        self._agreed = True

    def begin(self, now: float, wanted: Settings) -> None:
        """Take up new settings: of the same cluster and the same node."""
        self._old, self._wanted = self._state.settings, wanted
        self._agreed = False
        self._state.report(
            "configuration", "a changed configuration is taken up", digest=wanted.configuration
        )
        careful = careful_settings(self._old, wanted)
        if careful.timing.lease < self._old.timing.lease:
            self._shorten_at = now + self._old.timing.late
            lease = replace(careful.timing, lease=self._old.timing.lease)
            old = self._old
            careful = replace(careful, timing=lease, configuration=old.configuration, parts=old.parts)
        self._put_in_force(now, careful, self._careful_waits())

    def check(self, now: float) -> None:
        """Put in force what had to wait, once its time has come."""
        if now < self._shorten_at < inf:
            self._state.wake_by(self._shorten_at)
        elif self._shorten_at < inf:
            self._shorten_at = inf
            self._put_in_force(now, careful_settings(self._old, self._wanted), self._careful_waits())
        elif not self._agreed and self._all_have_it():
            self._agreed = True
            waits = {service.name: wait(self._wanted, service) for service in self._wanted.services}
            self._put_in_force(now, self._wanted, waits)

    def _careful_waits(self) -> Waits:
        """The longer of both files' waits."""
        before = {tenure.name: tenure.wait for tenure in self._tenures.all}
        return {
            service.name: max(wait(self._wanted, service), before.get(service.name, 0.0))
            for service in self._wanted.services
        }

    def _all_have_it(self) -> bool:
        """Whether no peer is known to run another configuration; one that said goodbye runs none."""
        entries = [
            self._state.table.get(peer.name) for peer in self._state.everyone if peer.life is not Life.LEFT
        ]
        wanted = self._wanted.configuration
        return all(entry is None or entry.configuration == wanted for entry in entries)

    def _put_in_force(self, now: float, settings: Settings, waits: Waits) -> None:
        voted = self._state.settings.votes
        self._state.adopt(settings, now)
        if settings.votes and not voted:
            self._tenures.begin_to_vote(now)
        elif voted and not settings.votes:
            self._tenures.cease_to_vote(now)
        self._ear.adopt()
        self._relay.adopt()
        self._tenures.adopt(now, waits)


def wait(settings: Settings, service: Service) -> float:
    """How long a successor waits after the last claim of this service."""
    return settings.timing.wait(service.stop)


def careful_settings(old: Settings, new: Settings) -> Settings:
    """The new settings with those times of either that break no promise while both are in use.

    Nodes vote when all do, so until then the arbiter stays what it was.
    """
    stops = {service.name: service.stop for service in old.services}
    services = tuple(
        replace(service, stop=min(service.stop, stops.get(service.name, service.stop)))
        for service in new.services
    )
    timing = careful_timing(old.timing, new.timing)
    arbiter = new.arbiter if QUORUM not in (old.arbiter, new.arbiter) else old.arbiter
    patient = old.judges() == new.judges()
    return replace(new, timing=timing, services=services, patient=patient, arbiter=arbiter)


def careful_timing(old: Timing, new: Timing) -> Timing:
    """Beat as often, be as slow to judge, and hold on as briefly as either says."""
    return Timing(
        beat=min(old.beat, new.beat),
        late=max(old.late, new.late),
        dead=max(old.dead, new.dead),
        lease=min(old.lease, new.lease),
        start=new.start,
        settle=new.settle,
    )

"""How long acks let this node hold a service: those of a majority (rule 3), and of each peer (rule 7)."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from heart.beat import ABLE
from heart.config.model import Timing
from heart.core.peers.peer import Life, Peer
from heart.core.services.scene import Demand, Scene
from heart.core.services.tenure import ServiceTenure
from heart.core.talk.voice import PROBE_RATE

URGENT_BEATS = 1.05  # the age of a good ack, where every beat is answered at once, and a little more


@dataclass(frozen=True, slots=True)
class Lease:
    """Without fresh acks the service is let go of at awake second `until`; urgent from `urgent_from`.

    `deaf` is the name of the peer that does not hear this node, None where votes are what it lacks.
    """

    until: float
    urgent_from: float
    deaf: str | None = None

    def demand(self, now: float) -> Demand | None:
        """Why the service must be let go; None where it need not."""
        if now < self.until:
            return None
        if self.deaf is None:
            return Demand("lease", "no majority of the voters has acknowledged it for `lease`")
        return Demand("lease", f"{self.deaf} speaks, but does not hear this node")


def lease(scene: Scene, tenure: ServiceTenure) -> Lease:
    """The lease of a service that is held here: the shortest of those that it needs."""
    shortest = voted(scene, tenure)
    timing = scene.settings.timing
    for peer in scene.peers:
        deaf_at = deaf_since(scene, tenure, peer)
        if deaf_at < shortest.until:
            lasts = lease_of(scene, tenure, peer)
            shortest = Lease(deaf_at, deaf_at - lasts + urgent_age(timing, lasts), peer.name)
    return shortest


def voted(scene: Scene, tenure: ServiceTenure) -> Lease:
    """What the votes of a majority let this node do (rule 3); without end where nobody votes."""
    if not scene.settings.votes:
        return Lease(inf, inf)
    timing, until = scene.settings.timing, tenure.leased_until
    return Lease(until, until - timing.lease + urgent_age(timing, timing.lease))


def deaf_since(scene: Scene, tenure: ServiceTenure, peer: Peer) -> float:
    """From when on a peer that speaks counts as deaf to us (rule 7); inf where that does not matter.

    Who has not heard us for `late` probes. So one of whom nothing came since then is not deaf, but silent: it
    may have died just now, before it is late.
    """
    timing = scene.settings.timing
    speaks = peer.life is Life.UP or (not peer.proven and scene.now < peer.heard_at + timing.late)
    if not speaks or not peer.flags(tenure.name_hash) & ABLE:
        return inf
    heard_us = max(peer.lease_from, peer.speaking_from)
    lasts = lease_of(scene, tenure, peer)
    # While peers may be late, and judge, by other times than ours, nothing can be told from their silence.
    knows_its_times = scene.settings.patient and timing.late < lasts == timing.lease
    if not knows_its_times or peer.heard_at >= heard_us + timing.late:
        return heard_us + lasts
    return max(heard_us + lasts, scene.now + timing.beat / PROBE_RATE)  # silent, so far: look again soon


def lease_of(scene: Scene, tenure: ServiceTenure, peer: Peer) -> float:
    """For how many seconds an ack of this peer, counted from our sending, lets us hold beside it."""
    settings = scene.settings
    judge = settings.timing.dead
    if peer.ack is not None and peer.patient:
        judge = judged_by(peer, judge)
    return settings.lease(judge, tenure.service.stop)


def judged_by(peer: Peer, dead: float) -> float:
    """After how much silence this peer will call us dead: it has our newest beat from a fast link or not."""
    heard_newest = [h.judge for h in peer.hearings if peer.hears_us(h) is not None and peer.lags(h) == 0]
    through_others = dead if peer.relayed is None else peer.relayed.judge
    return min(heard_newest, default=through_others)


def urgent_age(timing: Timing, lasts: float) -> float:
    """How old an ack may become before a fresh one is asked for at the rate of probes.

    Half of the lease is left for it; but a good ack is as old as a beat.
    """
    return max(URGENT_BEATS * timing.beat, lasts / 2)

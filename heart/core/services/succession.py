"""Who may take a service over, and who must let go: the rules of docs/safety.md as pure functions.

They look at the peers and at one tenure of this node, change nothing, and say their reasons.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from heart.beat import ASKS
from heart.core.peers.peer import Life, Peer
from heart.core.services.leases import lease, lease_of
from heart.core.services.preference import too_soon
from heart.core.services.scene import Demand, Obstacle, Scene, rivals
from heart.core.services.tenure import ServiceTenure, rank


def obstacle(scene: Scene, tenure: ServiceTenure) -> Obstacle | None:
    """What keeps this node from the service, precedence aside; None where nothing does."""
    return (
        _too_early(scene, tenure)
        or _resting(scene, tenure)
        or _somebody_else(scene, tenure)
        or _not_proven(scene)
        or _deaf_rival(scene, tenure)
        or too_soon(scene, tenure)
    )


def _too_early(scene: Scene, tenure: ServiceTenure) -> Obstacle | None:
    able_at = tenure.able_since + tenure.wait
    if scene.now < able_at:
        return Obstacle(f"became able to hold it only just now, and waits {tenure.wait:g} s", able_at)
    if scene.now < scene.started_at:
        missing = [peer.name for peer in scene.peers if not peer.ever_proven]
        if missing:
            return Obstacle(
                f"waits until {', '.join(missing)} is heard or `start` has passed", scene.started_at
            )
    woken = scene.woke_at + scene.settings.timing.late
    return Obstacle("was asleep, and listens first", woken) if scene.now < woken else None


def _resting(scene: Scene, tenure: ServiceTenure) -> Obstacle | None:
    if scene.now >= tenure.rests_until:
        return None
    return Obstacle("asked for it without a majority agreeing, and gives others time", tenure.rests_until)


def _somebody_else(scene: Scene, tenure: ServiceTenure) -> Obstacle | None:
    for peer in scene.peers:
        if peer.speaks and peer.flags(tenure.name_hash) & ASKS:
            return Obstacle(f"{peer.name} asks for it")
        claimed_at = peer.last_claim(tenure.name_hash)
        if claimed_at == -inf:
            continue
        if peer.claims(tenure.name_hash) and peer.speaks:
            return Obstacle(f"{peer.name} holds it")
        free_at = max(claimed_at, scene.woke_at) + tenure.wait
        if scene.now < free_at:
            return Obstacle(f"{peer.name} claimed it, and is given {tenure.wait:g} s to let go", free_at)
    return None


def _not_proven(scene: Scene) -> Obstacle | None:
    for peer in scene.peers:
        silent_at = peer.heard_at + scene.settings.timing.dead
        if not peer.proven and scene.now < silent_at:
            return Obstacle(f"{peer.name} speaks, but has not acknowledged this node yet", silent_at)
    return None


def _deaf_rival(scene: Scene, tenure: ServiceTenure) -> Obstacle | None:
    for peer in rivals(scene, tenure):
        if scene.now - peer.lease_from >= lease_of(scene, tenure, peer):
            soon = scene.now + scene.settings.timing.beat
            return Obstacle(f"{peer.name} may hold it, and has not heard this node lately", soon)
    return None


def outranked(tenure: ServiceTenure, node: str, peer: Peer) -> bool:
    """Whether the peer's claim or question goes before ours: greater term, then earlier in `nodes`."""
    said = peer.said[tenure.name_hash]
    if said.term != tenure.term:
        return said.term > tenure.term
    nodes = tenure.service.nodes
    return rank(nodes, peer.name) < rank(nodes, node)


def beaten_to_it(scene: Scene, tenure: ServiceTenure) -> str | None:
    """Why this node must withdraw what it asks for; None where it need not."""
    for peer in scene.peers:
        if not peer.speaks:
            continue
        if peer.claims(tenure.name_hash):
            return f"{peer.name} holds it"
        if peer.flags(tenure.name_hash) & ASKS and outranked(tenure, scene.settings.node, peer):
            return f"{peer.name} asks for it, and goes first"
    return None


def agreed(scene: Scene, tenure: ServiceTenure) -> bool:
    """Whether every rival that is there has heard our question (and has not contradicted it)."""
    return all(peer.acked >= tenure.asked for peer in rivals(scene, tenure))


def demand(scene: Scene, tenure: ServiceTenure) -> Demand | None:
    """Why this node must let go of the service that it holds; None where it may keep it."""
    for peer in met(scene, tenure):
        if outranked(tenure, scene.settings.node, peer):
            term = peer.said[tenure.name_hash].term
            return Demand("conflict", f"{peer.name} holds it in term {term}, this node in {tenure.term}")
    return lease(scene, tenure).demand(scene.now)


def met(scene: Scene, tenure: ServiceTenure) -> Iterator[Peer]:
    """The peers that are there and claim the service beside us."""
    for peer in scene.peers:
        if peer.speaks and peer.claims(tenure.name_hash):
            yield peer


def silent(scene: Scene) -> tuple[str, ...]:
    """The peers on whose silence a takeover would rest."""
    return tuple(peer.name for peer in scene.peers if peer.life in (Life.DEAD, Life.UNKNOWN))

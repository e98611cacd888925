"""Who should hold a service among those who may: precedence, and handing over in good order.

Safety does not rest on anything here: heart.core.services.succession decides who *may*.
"""

from __future__ import annotations

from math import inf

from heart.beat import ABLE, LEAVING
from heart.core.peers.peer import Life, Peer
from heart.core.services.scene import Demand, Obstacle, Scene, rivals
from heart.core.services.tenure import Holding, ServiceTenure


def ahead(scene: Scene, tenure: ServiceTenure) -> tuple[str, ...]:
    """The rivals that come before this node: whom an operator has named, then in the order of `nodes`.

    One that has asked for it and did not get the votes comes before nobody.
    """
    own = scene.settings.node
    nodes = tenure.service.nodes
    if tenure.target == own:
        return ()
    preferred = nodes[: nodes.index(own)] if own in nodes else nodes
    if tenure.target is not None:
        preferred = (tenure.target, *(name for name in preferred if name != tenure.target))
    able = {peer.name for peer in rivals(scene, tenure)} - tenure.outvoted
    return tuple(name for name in preferred if name in able)


def precedence(scene: Scene, tenure: ServiceTenure, eligible_since: float) -> Obstacle | None:
    """One `wait` for each node that is preferred and able: it must have had its chance."""
    preferred = ahead(scene, tenure)
    turn_at = eligible_since + len(preferred) * tenure.wait
    return Obstacle(f"{preferred[0]} comes first", turn_at) if scene.now < turn_at else None


def too_soon(scene: Scene, tenure: ServiceTenure) -> Obstacle | None:
    """A service that fails does not go to and fro: it moves for that once in `settle`."""
    may_move_at = tenure.moved_at + scene.settings.timing.settle
    if scene.now >= may_move_at or cause(scene, tenure) != "fault":
        return None
    previous = scene.peer(tenure.previous)
    if previous is None or previous.flags(tenure.name_hash) & ABLE:
        return None
    return Obstacle(f"moved only just now, and failed on {tenure.previous}", may_move_at)


def handover(scene: Scene, tenure: ServiceTenure) -> tuple[Demand | None, float]:
    """Why this node is to let go of the service in its own time; else when to ask again (inf: on news)."""
    for demand, until in (
        _unwanted(scene, tenure),
        _moved(scene, tenure),
        _hindered(scene, tenure),
        _failback(scene, tenure),
    ):
        if demand is not None or until < inf:
            return demand, until
    return None, inf


def _unwanted(scene: Scene, tenure: ServiceTenure) -> tuple[Demand | None, float]:
    if scene.orders.in_standby(scene.settings.node):
        return Demand("standby", "an operator has put this node in standby"), inf
    if all(service.name != tenure.name for service in scene.settings.services):
        return Demand("shutdown", "the configuration has it no more"), inf
    if not tenure.may_hold:
        return Demand("move", "the configuration does not let this node hold it any more"), inf
    return None, inf


def _moved(scene: Scene, tenure: ServiceTenure) -> tuple[Demand | None, float]:
    peer = scene.peer(tenure.target)
    if peer is None or peer.life is not Life.UP or not peer.flags(tenure.name_hash) & ABLE:
        return None, inf
    return Demand("move", f"an operator moves it to {peer.name}"), inf


def _hindered(scene: Scene, tenure: ServiceTenure) -> tuple[Demand | None, float]:
    """It is kept where nobody else could hold it either: a switch that restarts stops no service."""
    hindrance = tenure.health.hindrance
    if hindrance is None or not any(rivals(scene, tenure)):
        return None, inf
    until = tenure.health.hindered_since + scene.settings.timing.late
    return (None, until) if scene.now < until else (Demand("fault", hindrance), inf)


def _failback(scene: Scene, tenure: ServiceTenure) -> tuple[Demand | None, float]:
    """To the first that is preferred to this node; not where an operator has moved it here."""
    settle = scene.settings.timing.settle
    if not tenure.service.failback or tenure.holding is not Holding.HELD or tenure.cause == "move":
        return None, inf
    for name in ahead(scene, tenure):
        steady_from = tenure.steady.get(name)
        if steady_from is not None:
            until = max(steady_from, tenure.since) + settle
            facts = f"{name} comes first, and has been steady for {settle:g} s"
            return (None, until) if scene.now < until else (Demand("failback", facts), inf)
    return None, inf


def cause(scene: Scene, tenure: ServiceTenure) -> str:
    """The reason for which this node takes the service over, in the words of the contract."""
    previous = scene.peer(tenure.previous)
    if previous is None:
        return "start"
    if previous.life is Life.LEFT or (previous.beat is not None and previous.beat.flags & LEAVING):
        return "left"
    if not previous.speaks:
        return "dead"
    if tenure.target == scene.settings.node:
        return "move"
    if scene.orders.in_standby(previous.name):
        return "standby"
    return "failback" if _is_failback(scene, tenure, previous) else "fault"


def _is_failback(scene: Scene, tenure: ServiceTenure, previous: Peer) -> bool:
    nodes = tenure.service.nodes
    able = bool(previous.flags(tenure.name_hash) & ABLE)
    if not able or not tenure.service.failback or previous.name not in nodes:
        return False
    return nodes.index(scene.settings.node) < nodes.index(previous.name)

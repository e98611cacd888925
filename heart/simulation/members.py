"""Plans from seeds in which who belongs to the cluster, and so who votes, changes again and again.

Files with other nodes reach the daemons one after the other, some late; meanwhile the network falls apart,
and nodes die and return. Most changes put one node in another's place: then majorities of the old set of
voters and of the new one may have no node in common.
"""

from __future__ import annotations

from heart.config.model import QUORUM
from heart.simulation import plan as p
from heart.simulation.chance import Chance

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")
TIMES = (p.Times(start=2.0, settle=2.0), p.Times(0.1, 0.13, 0.25, 0.15, 2.0, 2.0))
SHARE = 0.05  # of all seeds


def is_about_members(seed: int) -> bool:
    """Whether a seed stands for such a plan."""
    return Chance(seed, "about members").happens(SHARE)


def members_plan(seed: int) -> p.Plan:
    """The plan of this seed."""
    chance = Chance(seed, "members")
    nodes = NAMES[: chance.pick((3, 4, 4, 4, 5))]
    links = (p.Wire("lan"), p.Wire("other"))[: 1 + chance.below(2)]
    times = chance.pick(TIMES)
    stop = round(times.dead * chance.pick((0.1, 0.3)), 3)
    drifts = tuple(round(chance.between(-0.005, 0.005), 4) for _ in nodes)
    setup = p.Setup(nodes, links, QUORUM, times=times, stop=stop, drifts=drifts)
    trouble = round(chance.between(10, 25), 1)
    acts: list[p.Acts] = []
    members, at = nodes, chance.between(1.5, 4)
    sets = [nodes, *(tuple(n for n in nodes if n != gone) for gone in nodes[: 3 if len(nodes) > 3 else 1])]
    while at < trouble:
        swaps = [names for names in sets if names != members and len(names) == len(members)]
        others = [names for names in sets if names != members]
        members = chance.pick(swaps if swaps and chance.happens(0.7) else others)
        acts += _change(chance, nodes, members, at)
        if chance.happens(0.7):
            acts += _fall_apart(chance, setup, at)
        if chance.happens(0.4):
            acts += _die(chance, nodes, at)
        at += chance.between(2, 6)
    return p.Plan(seed, setup, trouble, tuple(act for act in acts if act.at < trouble))


def _change(chance: Chance, nodes: tuple[str, ...], members: tuple[str, ...], at: float) -> list[p.Acts]:
    """All members are given the new file; who is none goes on with its own, or is ended."""
    acts: list[p.Acts] = []
    for name in nodes:
        then = round(at + chance.between(0, 0.6) + (chance.between(0.5, 3) if chance.happens(0.3) else 0), 3)
        if name in members:
            acts += [p.Reload(then, name, nodes=members), p.Start(then, name)]
        elif chance.happens(0.4):
            acts.append(p.ShutDown(then, name))
    return acts


def _fall_apart(chance: Chance, setup: p.Setup, at: float) -> list[p.Acts]:
    """For some time two parts do not hear each other."""
    order = chance.some(setup.nodes, len(setup.nodes))
    side = order[: 1 + chance.below(len(order) - 1)]
    cut = tuple((a, b) for a in setup.nodes for b in setup.nodes if (a in side) != (b in side))
    begin = round(at + chance.between(0, 1.2), 3)
    end = round(begin + chance.between(0.5, 4), 3)
    return [p.Suffer(then, wire.name, cut=c) for then, c in ((begin, cut), (end, ())) for wire in setup.links]


def _die(chance: Chance, nodes: tuple[str, ...], at: float) -> list[p.Acts]:
    """One dies, and most times returns."""
    name, then = chance.pick(nodes), round(at + chance.between(0, 1.5), 3)
    returns = [p.Start(round(then + chance.between(0.01, 2), 3), name)] if chance.happens(0.8) else []
    return [p.Kill(then, name), *returns]

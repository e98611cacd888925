"""Plans from seeds: clusters of every kind, and trouble of every kind.

Each seed uses some kinds of trouble and not others (swarm testing: Groce and others, ISSTA 2012), so that
some go deep where all at once would drown each other.
"""

from __future__ import annotations

from collections.abc import Callable

from heart.simulation import plan as p
from heart.simulation.chance import Chance
from heart.simulation.members import NAMES, is_about_members, members_plan

BAUDS = (9600, 19200, 115200)
LOSSES = (0.05, 0.2, 0.5, 0.9)
BURSTS = ((0.1, 0.05), (0.1, 0.5), (0.5, 0.3))
DELAYS = ((0.0001, 0.02), (0.05, 0.1), (0.0, 0.6))
LIVELY = p.Times(start=2.0, settle=2.0)
TIMES = (p.Times(), LIVELY, LIVELY, LIVELY, p.Times(0.1, 0.13, 0.25, 0.15, 2.0, 2.0))
OTHER_TIMES = (
    p.Times(0.05, 0.125, 0.5, 0.3, 2.0, 2.0),
    p.Times(0.2, 0.5, 2.0, 1.2, 4.0, 4.0),
)

Make = Callable[[float], list[p.Acts]]


class Generator:
    """Makes one plan."""

    def __init__(self, seed: int) -> None:
        self._chance = Chance(seed, "plan")
        self._seed = seed
        self._setup = self._make_setup()
        self._kept_whole = self._keep_whole()

    def plan(self) -> p.Plan:
        """The plan of this seed."""
        chance = self._chance
        kinds: list[Make] = [
            self._links,
            self._partition,
            self._deaths,
            self._stalls,
            self._slowness,
            self._scripts,
            self._orders,
            self._ends,
            self._replays,
        ]
        chosen: list[Make] = chance.some(kinds, 1 + chance.below(4))
        if chance.happens(0.15):
            chosen.append(self._reloads)
        trouble = round(chance.between(8, 25), 1)
        acts: list[p.Acts] = []
        at = chance.between(0.5, 5)
        while at < trouble:
            acts += chance.pick(chosen)(round(at, 3))
            at += chance.between(0.02, 3)
        return p.Plan(self._seed, self._setup, trouble, tuple(acts))

    def _make_setup(self) -> p.Setup:
        chance = self._chance
        nodes = NAMES[: chance.pick((2, 2, 2, 3, 3, 3, 4, 5))]
        arbiter = chance.pick(("trust", "quorum"))
        witnesses: tuple[str, ...] = ()
        if len(nodes) > 2 and chance.happens(0.5):
            witnesses = nodes[-1:]
        links = [p.Wire("lan")]
        if chance.happens(0.7):
            if chance.happens(0.5):
                links.append(p.Wire("other"))
            else:
                baud = 115200 if len(nodes) > 2 else chance.pick(BAUDS)
                links.append(p.Wire("cable", baud, nodes[:2] if len(nodes) > 2 else ()))
        times = chance.pick(TIMES)
        drifts = tuple(round(chance.between(-0.005, 0.005), 4) for _ in nodes)
        stop = round(times.dead * chance.pick((0.1, 0.3, 0.5)), 3)
        failing = chance.happens(0.3)
        return p.Setup(
            nodes,
            tuple(links),
            arbiter,
            witnesses,
            times,
            stop,
            failback=chance.happens(0.3),
            monitor=1.0 if failing else None,
            restarts=1 if failing else 0,
            drifts=drifts,
        )

    def _keep_whole(self) -> str | None:
        """Under `trust` most plans leave one link whole: else two holders are no wonder."""
        links = [wire.name for wire in self._setup.links if not wire.ends]
        return self._chance.pick(links) if self._chance.happens(0.7) else None

    def _link(self) -> str | None:
        names = [wire.name for wire in self._setup.links if wire.name != self._kept_whole]
        return self._chance.pick(names) if names else None

    def _node(self) -> str:
        return self._chance.pick(self._setup.nodes)

    def _links(self, at: float) -> list[p.Acts]:
        link, chance = self._link(), self._chance
        if link is None:
            return []
        match chance.below(8):
            case 0:
                return [p.Suffer(at, link, loss=chance.pick(LOSSES))]
            case 1:
                return [p.Suffer(at, link, burst=chance.pick(BURSTS))]
            case 2:
                return [p.Suffer(at, link, repeat=0.3, corrupt=chance.pick((0.0, 0.2)))]
            case 3:
                return [p.Suffer(at, link, delay=chance.pick(DELAYS))]
            case 4:
                return [p.Suffer(at, link, cut=self._ways(chance.some(self._setup.nodes, 2)))]
            case 5:
                return [p.Suffer(at, link, baud=9600)]
            case 6:
                return [p.Suffer(at, link, cut=((self._node(), self._node()),))]
            case _:
                return [p.Suffer(at, link)]

    def _ways(self, nodes: list[str], others: list[str] | None = None) -> tuple[tuple[str, str], ...]:
        """Both directions between these nodes and the others, or all others."""
        rest = others or [name for name in self._setup.nodes if name not in nodes]
        if others is None and len(nodes) == 2:
            rest = nodes
        return tuple(sorted({way for a in nodes for b in rest if a != b for way in ((a, b), (b, a))}))

    def _partition(self, at: float) -> list[p.Acts]:
        """The same cut on every link that may be cut: full, one way, a bridge, a ring; or it heals."""
        chance, nodes = self._chance, self._setup.nodes
        order = chance.some(nodes, len(nodes))
        match chance.below(5):
            case 0:
                side = order[: 1 + chance.below(len(nodes) - 1)]
                cut = tuple((a, b) for a in nodes for b in nodes if (a in side) != (b in side))
            case 1:
                cut = tuple((order[0], b) for b in order[1:])
            case 2:
                bridge = order[0]
                half = order[1 : 1 + len(order) // 2]
                cut = tuple(
                    (a, b)
                    for a in order[1:]
                    for b in order[1:]
                    if (a in half) != (b in half) and bridge not in (a, b)
                )
            case 3:
                near = {(order[i], order[(i + 1) % len(order)]) for i in range(len(order))}
                cut = tuple(
                    (a, b)
                    for a in nodes
                    for b in nodes
                    if a != b and (a, b) not in near and (b, a) not in near
                )
            case _:
                cut = ()
        links = [wire.name for wire in self._setup.links if wire.name != self._kept_whole]
        return [p.Suffer(at, link, cut=cut) for link in links]

    def _deaths(self, at: float) -> list[p.Acts]:
        chance, node = self._chance, self._node()
        match chance.below(5):
            case 0 | 1:
                return [p.Kill(at, node)]
            case 2:
                return [p.Kill(at, node), p.Start(round(at + chance.between(0.001, 1), 3), node)]
            case 3:
                return [p.ShutDown(at, node)]
            case _:
                forgetful = node if chance.happens(0.5) else None
                back = 1000.0 if chance.happens(0.5) else 0.0
                return [
                    p.Start(at, name, name == forgetful, back if name == forgetful else 0.0)
                    for name in self._setup.nodes
                ]

    def _stalls(self, at: float) -> list[p.Acts]:
        chance = self._chance
        lease = self._setup.times.lease
        seconds = round(chance.pick((0.5 * lease, lease, 1.5, 4.0)) * chance.between(0.5, 1.5), 3)
        whole = chance.happens(0.5)
        return [p.Stall(at, self._node(), seconds, whole, whole and chance.happens(0.5))]

    def _slowness(self, at: float) -> list[p.Acts]:
        chance = self._chance
        lag = round(self._setup.times.late * chance.between(0.1, 0.9), 3)
        return [p.Slow(at, self._node(), lag, round(chance.between(0.2, 3), 3))]

    def _scripts(self, at: float) -> list[p.Acts]:
        chance, node = self._chance, self._node()
        match chance.below(8):
            case 6 | 7:
                return [p.Hinder(at, node, chance.happens(0.6))]
            case 0:
                return [p.Scripts(at, node, starts_in=round(chance.between(0.1, 2), 3))]
            case 1:
                return [p.Scripts(at, node, stops_in=round(chance.between(0.1, 2), 3))]
            case 2:
                return [p.Scripts(at, node, stops_in=None)]
            case 3:
                return [p.Scripts(at, node, fails=True)]
            case 4:
                return [p.Scripts(at, node, sick=True)]
            case _:
                return [p.Scripts(at, node)]

    def _orders(self, at: float) -> list[p.Acts]:
        chance, node = self._chance, self._node()
        match chance.below(5):
            case 0 | 1:
                return [p.Order(at, node, "move", "web", chance.pick((*self._setup.nodes, "")))]
            case 2:
                return [p.Order(at, node, "standby", self._node())]
            case 3:
                return [p.Order(at, node, "active", self._node())]
            case _:
                return [p.Order(at, node, "retry", "web")]

    def _ends(self, at: float) -> list[p.Acts]:
        link = self._link()
        if link is None:
            return []
        wire = next(wire for wire in self._setup.links if wire.name == link)
        node = self._chance.pick(wire.ends or self._setup.nodes)
        return [p.Unplug(at, node, link, round(self._chance.between(0.1, 4), 3))]

    def _replays(self, at: float) -> list[p.Acts]:
        wire = self._chance.pick(self._setup.links)
        return [p.Replay(at, wire.name, round(self._chance.between(1, 8), 3), 0.01)]

    def _reloads(self, at: float) -> list[p.Acts]:
        chance = self._chance
        return [p.Reload(at, self._node(), chance.pick((*OTHER_TIMES, self._setup.times)))]


def plan_of(seed: int) -> p.Plan:
    """The plan of a seed."""
    return members_plan(seed) if is_about_members(seed) else Generator(seed).plan()

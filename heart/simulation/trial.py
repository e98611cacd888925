"""One plan carried out: trouble, in which nothing may go wrong, then rest, after which all must be well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from heart.config.model import QUORUM, Timing
from heart.simulation.acting import Actor
from heart.simulation.cluster import SimulatedCluster
from heart.simulation.invariants.all import invariants
from heart.simulation.invariants.base import Broken, Ground
from heart.simulation.invariants.facts import Witness
from heart.simulation.plan import Plan, Reload, Setup, Start

LOOK_EVERY = 0.05
"""Seconds between two looks at what time alone may have broken."""

STEADY = 3.0
"""Seconds for which all must stay well at the end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a plan ended: what was broken, if anything; and how many seconds were simulated."""

    broken: Broken | None
    seconds: float


def make_cluster(seed: int, setup: Setup, told: Iterable[Witness] = ()) -> SimulatedCluster:
    """The cluster of a plan, not started yet."""
    return SimulatedCluster(
        seed,
        setup.nodes,
        {wire.name: wire.baud for wire in setup.links},
        setup.times.timing(),
        setup.stop,
        {wire.name: wire.ends for wire in setup.links if wire.ends},
        setup.arbiter,
        setup.witnesses,
        {name: (0.0, drift) for name, drift in zip(setup.nodes, setup.drifts, strict=False)},
        told,
        failback=setup.failback,
        monitor=setup.monitor,
        restarts=setup.restarts,
    )


class Trial:
    """A plan under way. `told` are told everything that happens, before the invariants."""

    def __init__(self, plan: Plan, told: Iterable[Witness] = ()) -> None:
        self._plan = plan
        self.cluster = make_cluster(plan.seed, plan.setup, told)
        self._actor = Actor(self.cluster)
        self._ground = self._make_ground(plan)
        witnesses, self._judges = invariants(self._ground, self._has_fast_link)
        for witness in witnesses:
            self.cluster.facts.add(witness)

    def run(self) -> Outcome:
        """Carry it out to the end, or to the first thing that is broken."""
        broken = None
        try:
            self._suffer()
            self._rest()
        except Broken as found:
            broken = found
        except Exception as error:  # the core never raises, whatever happens to it
            broken = Broken("no fault of our own", self.cluster.world.now, f"{type(error).__name__}: {error}")
        return Outcome(broken, self.cluster.world.now)

    def settles_in(self) -> float:
        """Seconds after the end of all trouble by which all must be well.

        A node starts, hears the others, waits for those that may come before it, and is asked for as often
        as a preferred one may get it and lose it again; what is spread in beats is spread.
        """
        longest, nodes = self._ground.longest, len(self._plan.setup.nodes)
        wait = longest.wait(self._plan.setup.stop)
        return 3 + longest.start + longest.dead * nodes + wait * (3 + 2 * nodes) + 2 * longest.settle

    def _suffer(self) -> None:
        self.cluster.start()
        self._actor.plan(self._plan.acts)
        self._pass(self._plan.trouble)

    def _rest(self) -> None:
        self._actor.mend()
        self._pass(self.settles_in())
        self._look_at_the_end()
        holders = self.cluster.holders()
        self._pass(STEADY)
        self._look_at_the_end()
        if self.cluster.holders() != holders:
            self._say(f"the service goes from {holders} to {self.cluster.holders()} though all is well")

    def _look_at_the_end(self) -> None:
        cores = [node.core for node in self.cluster.nodes.values() if node.core is not None]
        holders = self.cluster.holders()
        if len(holders) != 1:
            self._say(f"the holders are {', '.join(holders) or 'none'} though all is well")
        if len({core.state.digest() for core in cores}) != 1:
            self._say("the status tables differ though all is well")
        electorates = [core.state.electorate for core in cores]
        if len({each.voters for each in electorates}) != 1 or any(each.between for each in electorates):
            self._say("it is not agreed who votes though all is well")
        for core in cores:
            lost = [peer.name for peer in core.state.everyone if peer.life.value != "up"]
            if lost:
                self._say(
                    f"{core.state.settings.node} holds {', '.join(lost)} not to be up though all is well"
                )

    def _say(self, text: str) -> None:
        raise Broken("all is well again", self.cluster.world.now, text)

    def _pass(self, seconds: float) -> None:
        world = self.cluster.world
        end = world.now + seconds
        while world.now < end - 1e-9:
            world.run(min(LOOK_EVERY, end - world.now))
            for judge in self._judges:
                judge.passed(world.now)

    def _make_ground(self, plan: Plan) -> Ground:
        setup = plan.setup
        used = [setup.times.timing()]
        used += [act.times.timing() for act in plan.acts if isinstance(act, Reload) and act.times is not None]
        sizes = [len(setup.nodes)]
        memberships = [act.nodes for act in plan.acts if isinstance(act, Reload) and act.nodes]
        sizes += map(len, memberships)
        links = next(iter(self.cluster.nodes.values())).settings.reach
        self._intervals = {link.name: link.guaranteed(setup.times.beat) for link in links}
        return Ground(
            setup.nodes,
            _of_each(min, used),
            _of_each(max, used),
            setup.stop,
            self._sound_for,
            lambda name: self.cluster.nodes[name].lag,
            self._peers,
            min(sizes) // 2 + 1 if setup.arbiter == QUORUM else 0,
            not any(isinstance(act, Start) and act.set_back for act in plan.acts),
            max(self._intervals.values()),
            bool(memberships),
        )

    def _peers(self, name: str) -> tuple[str, ...]:
        node = self.cluster.nodes[name]
        return (node.settings if node.core is None else node.core.state.settings).peers()

    def _sound_for(self, sender: str, receiver: str) -> tuple[float, float]:
        """For how long the best way has worked, and at what interval it carries beats."""
        ways = [
            (medium.sound_for((sender, receiver)), -self._intervals[name])
            for name, medium in self.cluster.media.items()
        ]
        sound, interval = max(ways)
        return sound, -interval

    def _has_fast_link(self, name: str) -> bool:
        return any(
            medium.best.baud is None and name not in medium.condition.away
            for medium in self.cluster.nodes[name].media.values()
        )


def _of_each(choose: Callable[[list[float]], float], used: list[Timing]) -> Timing:
    names = ("beat", "late", "dead", "lease", "start", "settle")
    return replace(used[0], **{name: choose([getattr(timing, name) for timing in used]) for name in names})

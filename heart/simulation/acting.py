"""Doing to a simulated cluster what a plan says, and mending it all again."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

from heart.core import inputs
from heart.core.settings import LinkSettings, Settings
from heart.simulation import plan as p
from heart.simulation.cluster import SimulatedCluster
from heart.simulation.medium import Burst, Medium
from heart.simulation.node import SimulatedNode


class Actor:
    """Does acts, each in its time."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self._world = cluster.world
        self._over = False
        self._given = {name: node.settings for name, node in cluster.nodes.items()}
        self._members = tuple(cluster.nodes)
        self._running: tuple[str, ...] = ()

    def plan(self, acts: tuple[p.Acts, ...]) -> None:
        """Have all of these done when it is time."""
        for act in acts:
            self._world.at(act.at, self.do, act)

    def do(self, act: p.Acts) -> None:
        """Do it now. What cannot be done, as killing a dead machine, is left."""
        match act:
            case p.Suffer():
                self._suffer(self._cluster.media[act.link], act)
            case p.Replay(_, link, seconds, every):
                self._replay(self._cluster.media[link], self._world.now + seconds, every)
            case _:
                self._do_to(self._cluster.nodes[act.node], act)

    def mend(self) -> None:
        """All trouble is over: media are well, machines run, scripts work, and operators allow everything.

        All nodes have the newest file that they are in; who is in none any more is switched off when the
        others have had the time to agree to it.
        """
        self._over = True
        for medium in self._cluster.media.values():
            away = medium.condition.away
            medium.heal()
            for node in self._cluster.nodes.values():
                if node.name in away:
                    node.plug(medium.name)
        for name, node in self._cluster.nodes.items():
            node.scripts.mend()
            node.quicken()
            if name in self._members and node.settings.names() != self._members:
                self._reload(node, None, self._members)
        self._running = tuple(self._cluster.nodes)
        self._keep_running()
        self._world.after(2.0, self._allow)

    def _keep_running(self) -> None:
        """Whatever has ended is started, now and later: a daemon may still be about to end."""
        for name in self._running:
            node = self._cluster.nodes[name]
            if node.core is None or node.finished:
                node.start()
        self._world.after(0.5, self._keep_running)

    def _allow(self) -> None:
        """Nobody is in standby and no failure counts, once all know again what was ordered and failed."""
        self._running = self._members
        for name, node in self._cluster.nodes.items():
            if name not in self._members:
                node.kill()
        first = self._cluster.nodes[self._members[0]]
        for name in self._members:
            node = self._cluster.nodes[name]
            first.operate("active", name)
            node.give(inputs.Hindered("web", None))
            node.operate("retry", "web")

    def _suffer(self, medium: Medium, act: p.Suffer) -> None:
        changes: dict[str, Any] = {
            "loss": act.loss,
            "burst": None if act.burst is None else Burst(*act.burst),
            "repeat": act.repeat,
            "corrupt": act.corrupt,
            "delay": act.delay or medium.best.delay,
            "baud": act.baud or medium.best.baud,
            "crawls": act.baud is not None,
            "cut": frozenset(act.cut),
        }
        medium.suffer(**changes)

    def _replay(self, medium: Medium, until: float, every: float) -> None:
        """A frame of the past now and then."""
        if self._over or self._world.now >= until:
            return
        if medium.recorded:
            medium.replay(medium.recorded[self._world.chance.below(len(medium.recorded))])
        self._world.after(every, self._replay, medium, until, every)

    def _do_to(self, node: SimulatedNode, act: p.Acts) -> None:
        match act:
            case p.Kill():
                if node.core is not None:
                    node.kill()
            case p.Start(_, _, forgetful, set_back):
                if (node.core is None or node.finished) and not self._over:
                    if forgetful:
                        node.forget()
                    node.time_of_day = -set_back
                    node.start()
            case p.ShutDown():
                node.shut_down()
            case p.Stall(_, _, seconds, whole, clock_stops):
                node.pause(seconds, whole, clock_stops)
            case p.Slow(_, _, lag, seconds):
                node.slow(lag, seconds)
            case p.Unplug(_, _, link, seconds):
                if node.name not in node.media[link].condition.away:
                    node.unplug(link)
                    self._world.after(seconds, self._plug, node, link)
            case p.Order(_, _, command, subject, value):
                node.operate(command, subject, value)
            case p.Hinder(_, _, hindered):
                node.give(inputs.Hindered("web", "no carrier" if hindered else None))
            case p.Scripts():
                _change_scripts(node, act)
            case p.Reload(_, _, times, nodes):
                self._reload(node, times, nodes)

    def _plug(self, node: SimulatedNode, link: str) -> None:
        if node.name in node.media[link].condition.away:
            node.plug(link)

    def _reload(self, node: SimulatedNode, times: p.Times | None, names: tuple[str, ...]) -> None:
        settings = node.settings
        if times is not None:
            settings = replace(settings, timing=times.timing())
        if names and names != self._members:
            if not self._voters_agree():
                return  # docs/quorum.md: one change after the other
            self._members = names
        if names:
            settings = with_members(settings, self._given[node.name], names)
        told = f"{settings.timing} {settings.names()}"
        node.reconfigure(replace(settings, configuration=told))

    def _voters_agree(self) -> bool:
        """Whether all members vote by the newest file, as `heart status` says, or did when they died."""
        for node in map(self._cluster.nodes.__getitem__, self._members):
            electorate = None if node.core is None else node.core.state.electorate
            voters = node.voters[0] if electorate is None else electorate.voters
            if voters and set(voters) != set(self._members):
                return False
            if electorate is not None and electorate.between:
                return False
        return True


def with_members(settings: Settings, whole: Settings, names: tuple[str, ...]) -> Settings:
    """The settings with those nodes alone, which the `whole` cluster has."""

    def shared(links: tuple[LinkSettings, ...]) -> tuple[LinkSettings, ...]:
        ends = (replace(link, peers=tuple(n for n in link.peers if n in names)) for link in links)
        return tuple(link for link in ends if len(link.peers) > 1)

    services = (
        replace(service, nodes=tuple(n for n in service.nodes if n in names)) for service in whole.services
    )
    return replace(
        settings,
        nodes=tuple(node for node in whole.nodes if node.name in names),
        links=shared(whole.links),
        reach=shared(whole.reach),
        services=tuple(services),
    )


def _change_scripts(node: SimulatedNode, act: p.Scripts) -> None:
    scripts = node.scripts
    scripts.starts_in = inf if act.starts_in is None else act.starts_in
    scripts.stops_in = inf if act.stops_in is None else act.stops_in
    (scripts.fails.add if act.fails else scripts.fails.discard)("web")
    if act.sick:
        scripts.sick["web"] = "is made to be"
    else:
        scripts.sick.clear()

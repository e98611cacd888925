"""Doubts about a usable configuration: what is slow, what cannot move, what this machine lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from heart.config.durations import format_duration
from heart.config.links import BAUDS, Views
from heart.config.machine import Machine
from heart.config.model import (
    QUORUM,
    AddressResource,
    Configuration,
    Link,
    ScriptResource,
    SerialLink,
    Service,
    Timing,
    UdpLink,
)
from heart.config.problems import Problems

if TYPE_CHECKING:
    from heart.core.settings import LinkSettings

_ABSENT = "is not there on this machine"
_NO_PROGRAM = "is not there on this machine, or cannot be executed"
_LONGEST_SOCKET = 107  # bytes, unix(7): sun_path without the zero byte at its end


def warn_of_lines(
    problems: Problems, nodes: int, views: Views, services: tuple[Service, ...], timing: Timing, arbiter: str
) -> None:
    """Warn of serial lines that cannot carry every beat at half of their capacity."""
    from heart.core.settings import judged_after  # it imports this package's model, and so this module

    links = [(word, tuple(by_node), _baud(by_node)) for word, by_node in views.items()]
    votes = arbiter == QUORUM
    lines = {baud: _lines(nodes, links, len(services), baud, votes) for baud in BAUDS}
    for word, _, baud in links:
        own = timing.beat if baud is None else lines[baud][word].interval(timing.beat)
        if baud is None or own <= timing.beat:
            continue
        told = (
            f"at {baud} baud this line carries a beat every {format_duration(own)} instead of every "
            f"{format_duration(timing.beat)}"
        )
        judge = judged_after(timing, lines[baud][word].guaranteed(timing.beat))
        if judge > timing.dead:
            told += f", and a node that is heard there alone is dead after {format_duration(judge)}"
        least = next(
            (faster for faster in BAUDS if lines[faster][word].interval(timing.beat) <= timing.beat), None
        )
        problems.warn(
            ("links", word, "baud"), told + ("" if least is None else f"; {least} baud would carry every one")
        )


def _baud(by_node: Mapping[str, Link]) -> int | None:
    """The rate of a link, which is the same on all its nodes; None where it has none."""
    return next((link.baud for link in by_node.values() if isinstance(link, SerialLink)), None)


def _lines(
    nodes: int, links: list[tuple[str, tuple[str, ...], int | None]], services: int, baud: int, votes: bool
) -> dict[str, LinkSettings]:
    """The links as the core will see them, were the lines among them that fast."""
    from heart.core.settings import link_settings

    at = ((name, on, None if own is None else baud) for name, on, own in links)
    return {link.name: link for link in link_settings(nodes, services, at, votes)}


def warn_of_services(problems: Problems, services: tuple[Service, ...]) -> None:
    """Warn where there is nothing to keep alive, or nowhere to go."""
    if not services:
        problems.warn(("services",), "there is none: Heart will watch the nodes and keep nothing alive")
    for service in services:
        if len(service.nodes) == 1:
            problems.warn(
                ("services", service.name, "nodes"),
                f"only {service.nodes[0]} may hold it: nothing takes over",
            )


def warn_of_absent(problems: Problems, here: Machine, configuration: Configuration) -> None:
    """Warn of devices, interfaces and scripts that this node needs and this machine lacks just now."""
    for link in configuration.links:
        if isinstance(link, SerialLink):
            if not here.has_device(link.device):
                problems.warn(("links", link.name, "device"), f"{link.device} {_ABSENT}")
        elif (
            isinstance(link, UdpLink)
            and link.interface is not None
            and not here.has_interface(link.interface)
        ):
            problems.warn(("links", link.name, "interface"), f"{link.interface} {_ABSENT}")
    for service in configuration.services:
        if configuration.node in service.nodes:
            _warn_of_resources(problems, here, service)
    if configuration.events and not here.can_run(configuration.events[0]):
        problems.warn(("events", "command"), f"{configuration.events[0]} {_NO_PROGRAM}")


def _warn_of_resources(problems: Problems, here: Machine, service: Service) -> None:
    for index, resource in enumerate(service.resources, 1):
        path = ("services", service.name, "resources", index)
        if isinstance(resource, AddressResource) and not here.has_interface(resource.interface):
            problems.warn((*path, "interface"), f"{resource.interface} {_ABSENT}")
        elif isinstance(resource, ScriptResource) and not here.can_run(resource.command[0]):
            problems.warn((*path, "command"), f"{resource.command[0]} {_NO_PROGRAM}")


def check_socket(problems: Problems, socket: str) -> None:
    """Note a control socket whose path is longer than the kernel takes."""
    length = len(socket.encode())
    if length > _LONGEST_SOCKET:
        problems.error(
            ("paths", "run"),
            f"the control socket would be {socket}, {length} bytes; expected at most {_LONGEST_SOCKET}: "
            "choose a shorter folder, cluster name or node name",
        )

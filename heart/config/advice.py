"""Doubts about a usable configuration: what is slow, what cannot move, what this machine lacks."""

from __future__ import annotations

from heart.config.durations import format_duration
from heart.config.links import BAUDS, Views
from heart.config.machine import Machine
from heart.config.model import (
    AddressResource,
    Configuration,
    ScriptResource,
    SerialLink,
    Service,
    Timing,
    UdpLink,
)
from heart.config.problems import Problems

_ABSENT = "is not there on this machine"
_NO_PROGRAM = "is not there on this machine, or cannot be executed"
_LONGEST_SOCKET = 107  # bytes, unix(7): sun_path without the zero byte at its end


def warn_of_lines(problems: Problems, nodes: int, views: Views, timing: Timing) -> None:
    """Warn of serial lines that cannot carry every beat at half of their capacity."""
    for word, by_node in views.items():
        bauds = {link.baud for link in by_node.values() if isinstance(link, SerialLink)}
        for baud in sorted(bauds):
            own = _interval(baud, nodes, timing)
            if own > timing.beat:
                problems.warn(
                    ("links", word, "baud"),
                    f"at {baud} baud this line carries a beat every {format_duration(own)} "
                    f"instead of every {format_duration(timing.beat)}{_better(nodes, timing)}",
                )


def _better(nodes: int, timing: Timing) -> str:
    least = next((baud for baud in BAUDS if _interval(baud, nodes, timing) <= timing.beat), None)
    return "" if least is None else f"; {least} baud would carry every one"


def _interval(baud: int, nodes: int, timing: Timing) -> float:
    """The interval of a node's own beats on such a line, as the core will keep it, in seconds."""
    from heart.core.settings import link_settings  # it imports this package's model, and so this module

    (line,) = link_settings(nodes, [("", (), baud)])
    return line.interval(timing.beat)


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

"""What a configuration means on its node, in lines for a person: what `heart check` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from heart.config.durations import format_duration
from heart.config.model import (
    QUORUM,
    AddressResource,
    Configuration,
    Link,
    PluginLink,
    PluginResource,
    Resource,
    SerialLink,
    Service,
    UdpLink,
)
from heart.config.problems import listed, show
from heart.core.services.electorate import needed_of
from heart.keys import KeyFileError, load_keys


def summary(configuration: Configuration) -> Iterator[str]:
    """What the configuration means on its node, line by line; the last one says that it is good."""
    names = ", ".join(f"{node.name} (witness)" if node.witness else node.name for node in configuration.nodes)
    yield _line("cluster", f"{configuration.cluster} of {names}")
    yield _line("node", configuration.node)
    for key in ("beat", "late", "dead", "lease", "start", "settle"):
        yield _line("timing", f"{key:<7}{format_duration(getattr(configuration.timing, key))}")
    for link in configuration.links:
        yield _line("link", f"{link.name}: {_describe_link(link)}, with {_others(configuration, link)}")
    for service in configuration.services:
        yield from _describe_service(configuration, service)
    yield _line("arbiter", _describe_arbiter(configuration))
    yield _line("events", " ".join(configuration.events) if configuration.events else "no command")
    yield _line("keys", _describe_keys(configuration.key_file))
    yield _line("socket", str(configuration.socket()))
    yield _line("state", str(configuration.paths.state))
    yield _line("digest", configuration.digest)
    count = len(configuration.warnings)
    yield f"good: {configuration.file}" + (f" ({count} warning{'s'[: count > 1]})" if count else "")


def _line(what: str, text: str) -> str:
    return f"{what:<9}{text}"


def _others(configuration: Configuration, link: Link) -> str:
    return ", ".join(node for node in link.nodes if node != configuration.node) or "nobody"


def _describe_link(link: Link) -> str:
    if isinstance(link, PluginLink):
        return _describe_plugged(link.kind, link.keys)
    if isinstance(link, SerialLink):
        return f"serial, device {link.device} at {link.baud} baud"
    return f"udp, {_describe_medium(link)}, port {link.port}"


def _describe_medium(link: UdpLink) -> str:
    if link.peers:
        return "peers " + listed(f"{peer.node} at {peer.host} port {peer.port}" for peer in link.peers)
    if link.group is not None:
        return f"group {link.group}" + ("" if link.interface is None else f" on interface {link.interface}")
    return f"interface {link.interface}" if link.broadcast is None else f"broadcast {link.broadcast}"


def _describe_plugged(kind: str, keys: Mapping[str, object]) -> str:
    return ", ".join([kind, *(f"{key} = {show(value)}" for key, value in keys.items())])


def _describe_service(configuration: Configuration, service: Service) -> Iterator[str]:
    wait = format_duration(configuration.timing.wait(service.stop))
    nodes = ", ".join(service.nodes)
    yield _line("service", f"{service.name}: on {nodes}; wait {wait}, stop {format_duration(service.stop)}")
    if care := list(_describe_care(service)):
        yield _line("", f"  {', '.join(care)}")
    for number, resource in enumerate(service.resources, 1):
        yield _line("", f"  {number}. {_describe_resource(resource)}")


def _describe_care(service: Service) -> Iterator[str]:
    """What is done for it beyond the rules, and how patiently, where the file asks for any of it."""
    usual = Service(service.name, service.nodes, service.stop, service.resources)
    watched = service.monitor is not None
    if service.monitor is not None:
        yield f"monitor {format_duration(service.monitor)}"
    if watched or service.restarts != usual.restarts:
        yield f"restarts {service.restarts}"
    if watched or service.forget != usual.forget:
        yield f"forget {format_duration(service.forget)}"
    if service.failback:
        yield f"failback to {service.nodes[0]}"


def _describe_resource(resource: Resource) -> str:
    if isinstance(resource, PluginResource):
        return _describe_plugged(resource.kind, resource.keys)
    if isinstance(resource, AddressResource):
        waits = f", detection {format_duration(resource.detection)}" if resource.detection else ""
        return f"address {resource.address} on {resource.interface}{waits}"
    return f"script {' '.join(resource.command)}, timeout {format_duration(resource.timeout)}"


def _describe_arbiter(configuration: Configuration) -> str:
    arbiter, voters = configuration.arbiter, tuple(node.name for node in configuration.nodes)
    if arbiter.kind == QUORUM:
        return f"quorum of {len(voters)} nodes, {needed_of(voters)} are a majority"
    return _describe_plugged(arbiter.kind, arbiter.keys)


def _describe_keys(key_file: Path) -> str:
    try:
        keys = load_keys(key_file)
    except KeyFileError:  # warned of already, where this machine is none of the nodes
        return "none on this machine"
    others = ", ".join(str(key_id) for key_id in keys.keys if key_id != keys.signing)
    return f"{keys.signing} signs" + (f"; {others} verify too" if others else "")

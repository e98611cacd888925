"""`heart check [PATH]`: whether a configuration is good, and what it means on this node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from click.core import ParameterSource

from heart.cli.options import cluster_options, complain, refuse
from heart.config import ConfigurationErrors, load
from heart.config.durations import format_duration
from heart.config.model import AddressResource, Configuration, Link, Resource, SerialLink, Service
from heart.keys import KeyFileError, load_keys


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@cluster_options
@click.pass_context
def check(ctx: click.Context, path: Path | None, config: Path, node: str | None) -> None:
    """Say whether the configuration at PATH is good, and what it means for this node."""
    if path is not None and ctx.get_parameter_source("config") is not ParameterSource.DEFAULT:
        raise click.UsageError("Expected PATH or --config, not both.", ctx)
    try:
        configuration = load(path or config, node, elsewhere=True)
    except ConfigurationErrors as errors:
        refuse(errors)
    for line in configuration.warnings:
        complain(f"warning: {line}")
    for line in summary(configuration):
        click.echo(line)


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
    yield _line("arbiter", configuration.arbiter)
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
    if isinstance(link, SerialLink):
        return f"serial, device {link.device} at {link.baud} baud"
    medium = f"interface {link.interface}" if link.broadcast is None else f"broadcast {link.broadcast}"
    return f"udp, {medium}, port {link.port}"


def _describe_service(configuration: Configuration, service: Service) -> Iterator[str]:
    wait = format_duration(configuration.timing.wait(service.stop))
    nodes = ", ".join(service.nodes)
    yield _line("service", f"{service.name}: on {nodes}; wait {wait}, stop {format_duration(service.stop)}")
    for number, resource in enumerate(service.resources, 1):
        yield _line("", f"  {number}. {_describe_resource(resource)}")


def _describe_resource(resource: Resource) -> str:
    if isinstance(resource, AddressResource):
        return f"address {resource.address} on {resource.interface}"
    return f"script {' '.join(resource.command)}, timeout {format_duration(resource.timeout)}"


def _describe_keys(key_file: Path) -> str:
    try:
        keys = load_keys(key_file)
    except KeyFileError:  # warned of already, where this machine is none of the nodes
        return "none on this machine"
    others = ", ".join(str(key_id) for key_id in keys.keys if key_id != keys.signing)
    return f"{keys.signing} signs" + (f"; {others} verify too" if others else "")

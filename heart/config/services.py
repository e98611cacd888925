"""The services: who may hold each, what it consists of, and how long its emergency release may take."""

from __future__ import annotations

from ipaddress import IPv4Interface

from heart.config.durations import tidy
from heart.config.model import AddressResource, Resource, ScriptResource, Service, Timing
from heart.config.nodes import Nodes, check_hashes, node_list
from heart.config.problems import spell
from heart.config.reading import Table
from heart.config.values import boolean, cidr, command, duration, integer, interface, names

STOP = 0.3  # of `dead`, where a service's `stop` is not said
TIMEOUT = 20.0  # seconds for one call of a script, unless said
RESTARTS = 2
KINDS = ("address", "script")
LATER_KINDS = ("unit", "ocf")

_NOT_YET = "this version does not act on it yet"


def read_services(top: Table, nodes: Nodes, timing: Timing) -> tuple[Service, ...]:
    """All services in the order of the file; commands in them as they are written."""
    addresses: dict[str, str] = {}
    services = tuple(
        _read_service(word, table, nodes, timing, addresses) for word, table in top.named("services")
    )
    check_hashes(top.problems, ("services",), (service.name for service in services))
    return services


def _read_service(
    word: str, table: Table, nodes: Nodes, timing: Timing, addresses: dict[str, str]
) -> Service:
    table.check_name()
    service = Service(
        name=word,
        nodes=_read_holders(table, nodes),
        stop=table.read("stop", duration) or tidy(STOP * timing.dead),
        resources=_read_resources(table, addresses),
        failback=bool(table.read("failback", boolean)),
        monitor=table.read("monitor", duration),
        restarts=_read_restarts(table),
    )
    if service.failback:
        table.warn("failback", f"{_NOT_YET}: the service stays where it is until it is moved")
    if service.monitor is not None:
        table.warn("monitor", f"{_NOT_YET}: a resource that fails while it is held is not noticed")
    table.close()
    return service


def _read_holders(table: Table, nodes: Nodes) -> tuple[str, ...]:
    if not table.said("nodes"):
        table.need("nodes", names)
    holders = node_list(table, "nodes", nodes.names()) or ()
    for witness in holders:
        if witness in nodes.witnesses():
            table.error("nodes", f"{witness} is a witness, which holds nothing; expected nodes that are none")
    return holders


def _read_restarts(table: Table) -> int:
    restarts = table.read("restarts", integer(0, 1000))
    if restarts is None:
        return RESTARTS
    table.warn("restarts", f"{_NOT_YET}: a service that fails to start is not tried again on the same node")
    return restarts


def _read_resources(table: Table, addresses: dict[str, str]) -> tuple[Resource, ...]:
    read = [_read_resource(item, addresses) for item in table.items("resources")]
    return tuple(resource for resource in read if resource is not None)


def _read_resource(table: Table, addresses: dict[str, str]) -> Resource | None:
    kind = table.kind(KINDS, LATER_KINDS)
    resource: Resource | None = None
    if kind == "address":
        resource = _read_address(table, addresses)
    elif kind == "script":
        resource = _read_script(table)
    else:
        table.ignore_rest()
    table.close()
    return resource


def _read_address(table: Table, addresses: dict[str, str]) -> AddressResource | None:
    address = table.need("address", cidr)
    on = table.need("interface", interface)
    if address is None or on is None:
        return None
    host = str(IPv4Interface(address).ip)
    place = spell(table.path)
    other = addresses.setdefault(host, place)
    if other != place:
        table.error("address", f"{host} is that of {other} too; expected an address of its own")
    return AddressResource(address, on)


def _read_script(table: Table) -> ScriptResource | None:
    called = table.need("command", command)
    timeout = table.read("timeout", duration)
    return None if called is None else ScriptResource(called, timeout or TIMEOUT)

"""The services: who may hold each, what it consists of, and how long its emergency release may take."""

from __future__ import annotations

from ipaddress import ip_interface

from heart.config.durations import format_duration, tidy
from heart.config.model import AddressResource, PluginResource, Resource, ScriptResource, Service, Timing
from heart.config.nodes import Nodes, check_hashes, node_list
from heart.config.plugged import check_keys, kind_of
from heart.config.problems import spell
from heart.config.reading import Table
from heart.config.values import at_most, boolean, cidr, command, duration, integer, interface, names

STOP = 0.3  # of `dead`, where a service's `stop` is not said
TIMEOUT = 20.0  # seconds for one call of a script, unless said
RESTARTS = 2
FORGET = 600.0  # seconds
RARE_ENOUGH = 1.0  # seconds; to start a process for each status more often than that wants a reason
LONGEST_DETECTION = 10.0  # seconds, of a start that is given twice as many
SURE_DETECTION = 1.0  # seconds, RFC 4862, section 5.4.2: MAX_RTR_SOLICITATION_DELAY
KINDS = ("address", "script")
LATER_KINDS = ("unit", "ocf")


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
        forget=table.read("forget", duration) or FORGET,
    )
    _warn(table, service, timing)
    table.close()
    return service


def _warn(table: Table, service: Service, timing: Timing) -> None:
    if service.failback and len(service.nodes) == 1:
        table.warn("failback", f"only {service.nodes[0]} may hold it: there is nowhere to come back from")
    runs_processes = any(not isinstance(resource, AddressResource) for resource in service.resources)
    if service.monitor is not None and service.monitor < RARE_ENOUGH and runs_processes:
        table.warn(
            "monitor",
            f"a status of each resource every {format_duration(service.monitor)} costs a process each time; "
            f"{format_duration(RARE_ENOUGH)} or more is usual",
        )
    if service.forget < timing.settle:
        table.warn(
            "forget",
            f"{format_duration(service.forget)} is less than timing.settle "
            f"({format_duration(timing.settle)}): a node on which it failed may have it back before "
            "things are calm; make forget longer",
        )


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
    return RESTARTS if restarts is None else restarts


def _read_resources(table: Table, addresses: dict[str, str]) -> tuple[Resource, ...]:
    read = [_read_resource(item, addresses) for item in table.items("resources")]
    return tuple(resource for resource in read if resource is not None)


def _read_resource(table: Table, addresses: dict[str, str]) -> Resource | None:
    kind = table.kind(KINDS, LATER_KINDS, more=kind_of(KINDS, "resource"))
    resource: Resource | None = None
    if kind is None:
        table.ignore_rest()
    elif kind == "address":
        resource = _read_address(table, addresses)
    elif kind == "script":
        resource = _read_script(table)
    else:
        resource = PluginResource(kind, table.rest())
        check_keys(table, "resource", kind, resource.keys)
    table.close()
    return resource


def _read_address(table: Table, addresses: dict[str, str]) -> AddressResource | None:
    address = table.need("address", cidr)
    on = table.need("interface", interface)
    detection = table.read("detection", at_most(LONGEST_DETECTION)) or 0.0
    if address is None or on is None:
        return None
    held = ip_interface(address)
    place = spell(table.path)
    other = addresses.setdefault(str(held.ip), place)
    if other != place:
        table.error("address", f"{held.ip} is that of {other} too; expected an address of its own")
    if table.said("detection"):
        _check_detection(table, held.version, detection)
    return AddressResource(address, on, detection)


def _check_detection(table: Table, version: int, detection: float) -> None:
    if version == 4:
        table.error(
            "detection", "an IPv4 address has no duplicate address detection; expected an IPv6 address"
        )
    elif 0 < detection < SURE_DETECTION:
        table.warn(
            "detection",
            f"Linux asks at some moment of the first {format_duration(SURE_DETECTION)}: in "
            f"{format_duration(detection)} another machine that has the address may go unnoticed",
        )


def _read_script(table: Table) -> ScriptResource | None:
    called = table.need("command", command)
    timeout = table.read("timeout", duration)
    return None if called is None else ScriptResource(called, timeout or TIMEOUT)

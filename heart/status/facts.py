"""What a status says, read with care: it may come from a daemon that is older or newer than this command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, TypeGuard

from heart.events.text import printable

NONE = "-"
SPEAKING = ("up", "late")  # states of a node of which something should be heard on each of its links
AMISS = ("late", "dead", "down")  # states of nodes and links
SILENT = 5  # intervals of a link without a beat, after which that is remarked

Status = Mapping[str, Any]
Record = Mapping[str, Any]


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number that can be reckoned with."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def records(holder: Record, key: str) -> list[Record]:
    """The list of objects under a key; nothing where it is something else."""
    found = holder.get(key)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def word(record: Record, key: str) -> str:
    """A value as one printable line; NONE where there is none."""
    value = record.get(key)
    return NONE if value is None or value == "" else printable(value)


def silences(status: Status) -> list[tuple[str, str, str]]:
    """Link, peer, and what is wrong between them: a peer that speaks elsewhere is silent or deaf there."""
    speaking = {word(node, "name") for node in records(status, "nodes") if node.get("state") in SPEAKING}
    return [
        (word(link, "name"), word(peer, "peer"), wrong)
        for link in records(status, "links")
        if link.get("state") == "up"
        for peer in records(link, "peers")
        if word(peer, "peer") in speaking and (wrong := _silence(link, peer))
    ]


def alarms(status: Status) -> list[str]:
    """What is amiss with nodes and links, each in a few words."""
    states = [*records(status, "nodes"), *records(status, "links")]
    bad = [f"{word(one, 'name')} is {one['state']}" for one in states if one.get("state") in AMISS]
    return bad + [f"{peer} {wrong.removesuffix(' here')} on {link}" for link, peer, wrong in silences(status)]


def _silence(link: Record, peer: Record) -> str:
    interval, heard, hears_us = link.get("interval"), peer.get("heard"), peer.get("hears_us")
    if not is_number(interval):
        return ""
    if not is_number(heard) or heard > SILENT * interval:
        return "is not heard here"
    if not is_number(hears_us) or hears_us > SILENT * interval:
        return "does not hear us here"
    return ""


def reasons(service: Record) -> tuple[str, list[str]]:
    """Why a service is as it is, without what its row says already; and where it has failed, line by line."""
    reason = "" if service.get("reason") is None else word(service, "reason")
    failed = service.get("failed")
    lines = []
    for node, why in failed.items() if isinstance(failed, Mapping) else ():
        line = printable(f"failed on {node}: {why}")
        told = f"; {line}" in reason
        reason = reason.replace(f"; {line}", "", 1)
        if told or printable(why) not in reason:
            lines.append(line)
    return "" if reason == f"held by {service.get('holder')}" else reason, lines


def refused(counts: object) -> str:
    """Beats refused, by reason: 'refused: 3 signature, 1 replayed'."""
    if not isinstance(counts, Mapping):
        return "" if counts is None else f"refused: {printable(counts)}"
    told = [f"{count} {reason}" for reason, count in counts.items() if count]
    return printable(f"refused: {', '.join(told)}") if told else ""


def counted(link: Record) -> Iterator[str]:
    """What else a link counts, where there is any."""
    for key, what in (("skipped", "beats skipped"), ("damaged", "pieces of noise")):
        if link.get(key):
            yield f"{printable(link[key])} {what}"

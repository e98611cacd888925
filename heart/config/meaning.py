"""The meaning of a file, key by key, and how two of them compare: digests, differences, changes.

A meaning has each key's path with its value, as `heart.config.flattening` makes it. Nothing here reads
files: what another node says of its meaning comes from the network, and may be anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b

Meaning = Mapping[str, str]

BY_KEY, BY_SECTION, BY_TABLE = 1, 2, 3  # how finely `parts` tells keys apart
MOST_PARTS = 48  # four bytes each, in an entry of the status table, which has to fit into a beat
UNKNOWN = "keys that only the other node has"

_NAME = r'(?:"[^"]*"|[^.\[]+)'
_SECTION = re.compile(rf"(?:services|links|nodes)\.{_NAME}|{_NAME}")
_TABLE = re.compile(_NAME)
_ITEM = re.compile(rf"services\.{_NAME}\.resources\[[0-9]+\]")


def digest(known: Meaning) -> str:
    """16 hex digits of BLAKE2b (RFC 7693), by which nodes see whether they were given the same."""
    canonical = json.dumps(sorted(known.items()), separators=(",", ":"))
    return blake2b(canonical.encode(), digest_size=8).hexdigest()


def parts(known: Meaning) -> bytes:
    """A meaning in few bytes, 193 at most, for `differences` on another node.

    A byte that says how finely, then for each key (where there are too many, for each section, else
    each top-level table) two bytes of the hash of its name and two of that of its name and content.
    """
    for form in (BY_KEY, BY_SECTION, BY_TABLE):
        units = _units(known, form)
        if len(units) <= MOST_PARTS:
            break
    summed = sorted(_sum(name, content) for name, content in units.items())
    return bytes([form]) + b"".join(summed[:MOST_PARTS])


def differences(own: Meaning, other: bytes) -> tuple[str, ...]:
    """The keys of ours, or sections, or tables, in which another node's `parts` differ; never raises."""
    if not other or other[0] not in (BY_KEY, BY_SECTION, BY_TABLE) or len(other) % 4 != 1:
        return ()
    theirs = {other[at : at + 4] for at in range(1, len(other), 4)}
    units = {name: _sum(name, content) for name, content in _units(own, other[0]).items()}
    differing = [name for name, summed in units.items() if summed not in theirs]
    unknown = {summed[:2] for summed in theirs} - {summed[:2] for summed in units.values()}
    return (*differing, UNKNOWN) if unknown else tuple(differing)


def changes(old: Meaning, new: Meaning) -> list[str]:
    """What has to become of `old`, a line each; a whole table that comes or goes is one line."""
    before = {table for key in old for table in _tables(key)}
    after = {table for key in new for table in _tables(key)}
    lines: dict[str, None] = {}
    for key in [*new, *(key for key in old if key not in new)]:
        table = next((table for table in _tables(key) if (table in before) != (table in after)), None)
        if table is not None:
            lines[f"{table}: {'added' if table in after else 'removed'}"] = None
        elif old.get(key) != new.get(key):
            lines[f"{key}: {old.get(key, 'not said')} -> {new.get(key, 'not said')}"] = None
    return list(lines)


def section(key: str) -> str:
    """The table of a service, link or node in which a key stands, else its top-level table."""
    return _first(_SECTION, key)


def _tables(key: str) -> Iterator[str]:
    """The tables that may come and go in which a key stands, the outer one first."""
    if key.startswith(("services.", "links.", "nodes.")):
        yield section(key)
    if item := _ITEM.match(key):
        yield item[0]


def _units(known: Meaning, form: int) -> dict[str, str]:
    """Names and contents at that fineness; in what order the keys come does not matter."""
    if form == BY_KEY:
        return dict(known)
    pattern = _SECTION if form == BY_SECTION else _TABLE
    units: dict[str, str] = {}
    for key, value in sorted(known.items()):
        name = _first(pattern, key)
        units[name] = f"{units.get(name, '')}{key}: {value}\n"
    return units


def _first(pattern: re.Pattern[str], key: str) -> str:
    match = pattern.match(key)
    return key if match is None else match[0]


def _sum(name: str, content: str) -> bytes:
    return _hash(name) + _hash(f"{name}: {content}")


def _hash(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=2).digest()

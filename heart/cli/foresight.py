"""What becomes of services, links and nodes when a daemon takes up a changed configuration.

The rules are those of docs/reload.md, told of the changes at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from heart.config.meaning import Meaning, section
from heart.config.model import QUORUM
from heart.config.problems import listed

_RESOURCE = re.compile(r"resources\[([0-9]+)\]\.(.*)")
_PROMISES = ("beat", "late", "dead", "lease")  # of the timing: what others rely on

_QUOTE = '"'  # around names with dots

Keys = dict[str, str]


def foresee(old: Meaning, new: Meaning) -> Iterator[str]:
    """A line for each thing that happens, beyond that the new values are in force."""
    before, after = _sections(old), _sections(new)
    for name in [*after, *(name for name in before if name not in after)]:
        was, becomes = before.get(name), after.get(name)
        table, _, word = name.partition(".")
        if table == "services":
            yield from _service(word, was, becomes)
        elif table == "links" and was is not None and becomes is not None:
            yield from _link(word, _views(before, word), _views(after, word))
        elif table == "nodes":
            yield from _node(word, was, becomes)
    yield from _voting(before, after)
    if _promises_change(before, after):
        yield "timing and stop: the more careful of both files holds until every node has reloaded"


def _sections(meaning: Meaning) -> dict[str, Keys]:
    sections: dict[str, Keys] = {}
    for key, value in meaning.items():
        name = section(key)
        sections.setdefault(name, {})[key[len(name) :].removeprefix(".")] = value
    return sections


def _service(name: str, was: Keys | None, becomes: Keys | None) -> Iterator[str]:
    if was is None:
        yield f"{name} is new: it is started where the rules say"
    elif becomes is None:
        yield f"{name} is stopped where it runs"
    else:
        if was.get("nodes") != becomes.get("nodes"):
            yield f"{name}: a holder that may not hold it any more hands over"
        if (number := _first_changed(was, becomes)) is not None:
            yield f"{name} is restarted from resource {number} on by its holder; what comes before goes on"


def _first_changed(was: Keys, becomes: Keys) -> int | None:
    """The number of the first resource in which two services differ."""
    old, new = _resources(was), _resources(becomes)
    return next((n for n in sorted(old.keys() | new.keys()) if old.get(n) != new.get(n)), None)


def _resources(service: Keys) -> dict[int, Keys]:
    resources: dict[int, Keys] = {}
    for key, value in service.items():
        if match := _RESOURCE.fullmatch(key):
            resources.setdefault(int(match[1]), {})[match[2]] = value
    return resources


def _views(sections: dict[str, Keys], link: str) -> dict[str, Keys]:
    """The link as each of its nodes sees it."""
    shared = sections[f"links.{link}"]
    own = f"links.{link}."
    views = {}
    for name, keys in sections.items():
        table, _, node = name.partition(".")
        if table == "nodes" and f'"{node.strip(_QUOTE)}"' in shared.get("nodes", ""):
            differing = {key.removeprefix(own): keys[key] for key in keys if key.startswith(own)}
            views[node] = {**shared, **differing, "nodes": ""}
    return views


def _link(name: str, was: dict[str, Keys], becomes: dict[str, Keys]) -> Iterator[str]:
    anew = [node for node, view in becomes.items() if was.get(node, view) != view]
    if anew:
        where = "" if len(anew) == len(becomes) else f" on {listed(anew)}"
        yield f"{name} is opened anew{where}, and may carry nothing while some nodes have not reloaded"


def _node(name: str, was: Keys | None, becomes: Keys | None) -> Iterator[str]:
    if becomes is None:
        yield f"{name} is a node no more: stop its daemon before"
    elif was is None:
        yield f"{name} is a new node: start its daemon once the others have reloaded"


def _voting(before: dict[str, Keys], after: dict[str, Keys]) -> Iterator[str]:
    """What becomes of who votes."""
    kinds = [sections.get("arbiter", {}).get("kind") for sections in (before, after)]
    if QUORUM not in kinds:
        return
    if kinds[0] != kinds[1]:
        yield "arbiter: what it was holds until every node that is there has reloaded"
    nodes = [{name for name in sections if name.startswith("nodes.")} for sections in (before, after)]
    if kinds[0] == kinds[1] and nodes[0] != nodes[1]:
        yield "voters: who votes changes once a majority of the old nodes, and of the new, has reloaded"


def _promises_change(before: dict[str, Keys], after: dict[str, Keys]) -> bool:
    """Whether times change that safety rests on."""
    old, new = before.get("timing", {}), after.get("timing", {})
    stops = (name for name in before if name in after and "stop" in before[name])
    return any(old.get(key) != new.get(key) for key in _PROMISES) or any(
        before[name]["stop"] != after[name].get("stop") for name in stops
    )

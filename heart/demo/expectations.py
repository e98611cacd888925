"""What must hold after each step of the act: pure functions of what was seen.

Each is, or makes, a check: it looks at a scene and says in one line what is wrong with it or still
missing, or None where all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from heart.demo.folder import SERVICE
from heart.demo.journal import Entry, doubled, holders, stale
from heart.demo.observer import Event, Status, Statuses


@dataclass(frozen=True, slots=True)
class Scene:
    """What was seen: each node's status now and `before` the step's cause, and the events since.

    A status is None where the node does not answer. The journal is whole, from the start of the demo.
    """

    statuses: Statuses
    events: tuple[Event, ...] = ()
    journal: tuple[Entry, ...] = ()
    before: Statuses = field(default_factory=dict)


Check = Callable[[Scene], str | None]

CHANGES = frozenset(
    {"takeover", "held", "release", "released", "failed", "conflict", "node-dead", "node-left"}
)
"""Kinds of events that must not come where nothing is to happen."""

ENOUGH = 10
"""Beats that must pass on a link for it to count as beating."""

_UNKNOWN: Mapping[str, Any] = {"holder": None, "state": "unknown"}


def safe(scene: Scene) -> str | None:
    """The service was never started on two nodes that had a cable left, nor in a term that was not new."""
    return doubled(scene.journal) or stale(scene.journal)


def all_agree(*nodes: str) -> Check:
    """These nodes hear each other and agree on one holder; on that one alone the service runs."""

    def check(scene: Scene) -> str | None:
        for node in nodes:
            if missing := _uncertain(scene.statuses.get(node), node, nodes):
                return missing
        told = {str(service_of(scene.statuses[node])["holder"]) for node in nodes}
        if len(told) > 1:
            return f"the nodes do not agree on who holds {SERVICE}: {_listed(told)}"
        return runs_on(*told)(scene)

    return check


def _uncertain(status: Status | None, node: str, others: Iterable[str]) -> str | None:
    """What a node still lacks, that is to hear those others and to know a holder."""
    if status is None:
        return f"{node} does not answer"
    unheard = {each["name"] for each in status["nodes"] if each["state"] != "up"} & {*others}
    if unheard:
        return f"{node} does not hear {_listed(unheard)}"
    service = service_of(status)
    if service["state"] != "held":
        return f"{node} says that {SERVICE} is {service['state']}, and its holder {service['holder']}"
    return None


def runs_on(*nodes: str) -> Check:
    """By the journal the service runs on these nodes and no other."""

    def check(scene: Scene) -> str | None:
        running = holders(scene.journal)
        if running == frozenset(nodes):
            return None
        return f"by its journal {SERVICE} runs on {_listed(running)}; expected on {_listed(nodes)}"

    return check


def holds(node: str) -> Check:
    """The node itself says that it holds the service."""

    def check(scene: Scene) -> str | None:
        service = service_of(scene.statuses.get(node))
        if (service["holder"], service["state"]) == (node, "held"):
            return None
        return f"{node} does not say that it holds {SERVICE}"

    return check


def took_over(node: str, previous: str) -> Check:
    """The node took the other for dead, then took the service over from it, then held it, in one term."""

    def check(scene: Scene) -> str | None:
        dead = {"kind": "node-dead", "peer": previous}
        takeover = {"kind": "takeover", "cause": "dead", "previous": previous}
        if missing := _unreported(scene, node, dead, takeover, {"kind": "held"}):
            return missing
        terms = {event["term"] for event in _of(scene, node) if event["kind"] in ("takeover", "held")}
        return None if len(terms) == 1 else f"{node} took over in more than one term: {_listed(terms)}"

    return check


def gave_way(loser: str, winner: str) -> Check:
    """Of two holders that met the loser let go because of it, and the winner did not let go."""

    def check(scene: Scene) -> str | None:
        if any(event["kind"] in ("release", "released") for event in _of(scene, winner)):
            return f"{winner} let go of {SERVICE}, though its term is the greater"
        met = {"kind": "conflict", "peer": winner}
        release = {"kind": "release", "cause": "conflict"}
        return _unreported(scene, loser, met, release, {"kind": "released"})

    return check


def nothing_happened(scene: Scene) -> str | None:
    """No node was taken for dead, and nothing was taken over or let go of."""
    for event in scene.events:
        if event["kind"] in CHANGES:
            return f"nothing was to happen, but {event['node']} reported {event['kind']}: {event['reason']}"
    return None


def unheard_on(link: str) -> Check:
    """Every node noticed that it hears nobody on that link."""

    def check(scene: Scene) -> str | None:
        downs = (event for event in scene.events if event["kind"] == "link-down" and event["link"] == link)
        missing = scene.statuses.keys() - {event["node"] for event in downs if event.get("peer")}
        return f"{_listed(missing)} did not notice that {link} carries nothing" if missing else None

    return check


def beats_pass(link: str) -> Check:
    """Each node took in some beats from that link since the step began."""

    def check(scene: Scene) -> str | None:
        for node, status in scene.statuses.items():
            before, now = _received(scene.before.get(node), link), _received(status, link)
            if before is None or now is None or now < before + ENOUGH:
                return f"{node} took in fewer than {ENOUGH} beats from {link}"
        return None

    return check


def service_of(status: Status | None) -> Mapping[str, Any]:
    """What a status says of the demo's service; where it says nothing, that nobody is known to hold it."""
    services = () if status is None else status["services"]
    return next((each for each in services if each["name"] == SERVICE), _UNKNOWN)


def _of(scene: Scene, node: str) -> list[Event]:
    return [event for event in scene.events if event["node"] == node]


def _unreported(scene: Scene, node: str, *wanted: Mapping[str, object]) -> str | None:
    """Which of these events the node did not report, in this order; those in between do not matter."""
    events = iter(_of(scene, node))
    for one in wanted:
        if not any(one.items() <= event.items() for event in events):
            return f"{node} did not report {one['kind']}"
    return None


def _received(status: Status | None, link: str) -> int | None:
    links = () if status is None else status["links"]
    return next((peer["received"] for each in links if each["name"] == link for peer in each["peers"]), None)


def _listed(names: Iterable[object]) -> str:
    return " and ".join(sorted(str(name) for name in names)) or "no node"

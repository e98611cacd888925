"""What operators ask for at this node: each is answered once, when it is done or cannot be.

An order is spread to all nodes, wherever it was given; who asked waits until it has had its effect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from heart.beat import Order
from heart.core.decisions import Answered
from heart.core.inputs import Command
from heart.core.services.failures import FAILED
from heart.core.services.tenure import ServiceTenure
from heart.core.services.tenures import Tenures
from heart.core.services.whereabouts import able, asks, holder, inability, noted
from heart.core.shared import orders
from heart.core.state import State

PATIENCE = 60.0  # seconds for which an operator waits for the effect of an order
MOST_ATTRIBUTES = 8  # of a node
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
LONGEST_VALUE = 64  # characters


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended: whether it is done, and a line for the operator."""

    done: bool
    text: str


Effect = Callable[[], Outcome | None]
"""Looks whether an order has had its effect: None while it has not."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits for the effect of an order."""

    number: int
    until: float
    effect: Effect


class Operator:
    """Takes commands, gives orders, and answers."""

    def __init__(self, state: State, tenures: Tenures) -> None:
        self._state = state
        self._tenures = tenures
        self._waiting: list[Waiting] = []
        self._commands: dict[str, Callable[[str, str], Outcome | Effect]] = {
            "move": self._move,
            "standby": self._standby,
            "active": self._active,
            "retry": self._retry,
            "set": self._set,
        }

    def command(self, now: float, command: Command) -> None:
        """Take a command; it is answered in this step or a later one."""
        answer = self._commands[command.name](command.subject, command.value)
        if isinstance(answer, Outcome):
            self._state.decide(Answered(command.number, answer.done, answer.text))
        else:
            self._waiting.append(Waiting(command.number, now + PATIENCE, answer))

    def check(self, now: float) -> None:
        """Answer those whose orders have had their effect, or will not have it."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            outcome = one.effect()
            if outcome is None and now >= one.until:
                outcome = Outcome(
                    False, f"not done within {PATIENCE:g} s; the order stands: see heart status"
                )
            if outcome is not None:
                self._state.decide(Answered(one.number, outcome.done, outcome.text))
            else:
                self._waiting.append(one)
                self._state.wake_by(one.until)

    def _order(self, kind: str, subject: str, value: str, term: int = 0) -> Order:
        state = self._state
        seconds = self._tenures.seconds()
        order = state.orders.give(kind, subject, value, state.settings.node, seconds, term)
        state.ordered(order)
        return order

    def _move(self, service: str, node: str) -> Outcome | Effect:
        tenure = self._tenures.named(service)
        if tenure is None:
            known = ", ".join(one.name for one in self._tenures.all) or "none"
            return Outcome(False, f"there is no service {service}; the services are: {known}")
        start, _, term = holder(self._state, tenure)
        if start is None:
            return self._join_move(tenure, node)
        target = node or self._next_best(tenure, start)
        if not target:
            others = [inability(self._state, tenure, one) for one in tenure.service.nodes if one != start]
            return Outcome(
                False, f"{service} stays on {start}: {'; '.join(others) or 'no other node may hold it'}"
            )
        if target == start:
            return Outcome(True, f"{start} holds {service} already")
        problem = inability(self._state, tenure, target)
        if problem:
            return Outcome(False, f"{service} stays on {start}: {problem}")
        order = self._order(orders.MOVE, service, target, term)
        return lambda: self._moved(tenure, order, start)

    def _join_move(self, tenure: ServiceTenure, node: str) -> Outcome | Effect:
        """Nobody holds it just now: where it is on its way to that node already, wait for that."""
        order = self._state.orders.move_of(tenure.name)
        under_way = order is not None and (
            order.term >= tenure.known_term or asks(self._state, tenure, order.value)
        )
        if order is None or not under_way or (node and node != order.value):
            return Outcome(
                False, f"nobody holds {tenure.name} now, so there is nothing to move: {tenure.reason}"
            )
        return lambda: self._moved(tenure, order, "another node")

    def _next_best(self, tenure: ServiceTenure, start: str) -> str:
        nodes = tenure.service.nodes
        return next((one for one in nodes if one != start and able(self._state, tenure, one)), "")

    def _moved(self, tenure: ServiceTenure, order: Order, start: str) -> Outcome | None:
        now_on, state, term = holder(self._state, tenure)
        if now_on == order.value and state == "held":
            return Outcome(True, f"{tenure.name} has moved from {start} to {now_on}, in term {term}")
        target = self._state.orders.target(tenure.name, order.term)
        if target is not None and target != order.value:
            return Outcome(False, f"a newer order came: {tenure.name} goes to {target}, not to {order.value}")
        if term > order.term and state == "held":
            why = inability(self._state, tenure, order.value)
            return Outcome(False, f"{tenure.name} is held by {now_on}{f': {why}' if why else ''}")
        return None

    def _standby(self, node: str, value: str) -> Outcome | Effect:
        problem = self._no_node(node)
        if problem is not None:
            return problem
        if self._state.orders.in_standby(node):
            return Outcome(True, f"{node} is in standby already")
        held = tuple(one for one in self._tenures.all if holder(self._state, one)[0] == node)
        self._order(orders.STANDBY, node, orders.YES)
        away = self._away(node)
        if away:
            return Outcome(True, f"{away}; it will be in standby when it returns")
        return lambda: self._stood_by(node, held)

    def _stood_by(self, node: str, held: tuple[ServiceTenure, ...]) -> Outcome | None:
        told = [f"{node} is in standby"]
        if any(
            holder(self._state, tenure)[0] == node or able(self._state, tenure, node)
            for tenure in self._tenures.all
        ):
            return None
        for tenure in held:
            now_on, state, _ = holder(self._state, tenure)
            if now_on is not None and state != "held":
                return None
            if now_on is None and self._next_best(tenure, node):
                return None
            told.append(f"{tenure.name} is held by {now_on}" if now_on else f"NOBODY holds {tenure.name} now")
        return Outcome(True, "; ".join(told))

    def _active(self, node: str, value: str) -> Outcome | Effect:
        problem = self._no_node(node)
        if problem is not None:
            return problem
        if not self._state.orders.in_standby(node):
            return Outcome(True, f"{node} is not in standby")
        self._order(orders.STANDBY, node, "")
        away = self._away(node)
        if away:
            return Outcome(True, f"{away}; it will not be in standby when it returns")
        return lambda: Outcome(True, f"{node} is active again") if self._knows(node) else None

    def _retry(self, service: str, value: str) -> Outcome | Effect:
        tenure = self._tenures.named(service)
        if tenure is None:
            known = ", ".join(one.name for one in self._tenures.all) or "none"
            return Outcome(False, f"there is no service {service}; the services are: {known}")
        failed = tuple(noted(self._state, service, FAILED))
        if not failed:
            return Outcome(True, f"{service} has failed on no node that is known of")
        self._order(orders.RETRY, service, "")
        return lambda: self._retried(service, failed)

    def _retried(self, service: str, failed: tuple[str, ...]) -> Outcome | None:
        if any(self._knows(node) is False for node in failed if not self._away(node)):
            return None
        return Outcome(True, f"the failures of {service} are forgotten on {', '.join(failed)}")

    def _set(self, name: str, value: str) -> Outcome | Effect:
        node = self._state.settings.node
        known = self._state.orders.attributes().get(node, {})
        if not NAME.fullmatch(name):
            return Outcome(False, "expected a name of at most 32 of a-z, 0-9, . _ and -")
        if len(value) > LONGEST_VALUE or not value.isprintable():
            return Outcome(False, f"expected a value of at most {LONGEST_VALUE} printable characters")
        if value and name not in known and len(known) >= MOST_ATTRIBUTES:
            return Outcome(
                False, f"expected at most {MOST_ATTRIBUTES} names on a node; remove one: heart set NAME ''"
            )
        if known.get(name, "") != value:  # a timer may set the same again and again
            self._order(orders.ATTRIBUTE, f"{node}/{name}", value)
        return Outcome(True, f"{name} is {value} on {node}" if value else f"{name} is removed from {node}")

    def _no_node(self, node: str) -> Outcome | None:
        names = [one.name for one in self._state.settings.nodes]
        if node in names:
            return None
        return Outcome(False, f"there is no node {node}; the nodes are: {', '.join(names)}")

    def _away(self, node: str) -> str:
        """What keeps a node from hearing of an order now, for a person; empty where nothing does."""
        peer = self._state.peers.get(node)
        return "" if peer is None or peer.speaks else f"{node} is {peer.life.value} now"

    def _knows(self, node: str) -> bool:
        """Whether this node has all orders that this one has."""
        peer = self._state.peers.get(node)
        return peer is None or peer.word.digest == self._state.digest()

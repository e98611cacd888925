"""Draws docs/machines.md from the code's state machines: `python docs/draw_machines.py [--check]`.

With --check nothing is written; exit code 1 says that the file is not what the code draws.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from written import write_or_check

from heart.config.model import Service
from heart.core.peers import peer
from heart.core.services import tenure

FILE = Path(__file__).with_name("machines.md")

HEAD = """# The two state machines

Drawn from the code by `python docs/draw_machines.py`; a test holds this file against it. Do not edit it.

Both are a table of transitions and nothing else: who applies one is told whether the state has changed, and
gives the reason that the history keeps. Every state answers everything that can happen; what is not drawn
leaves it as it is.
"""


@dataclass(frozen=True)
class Machine:
    """One state machine: its table, its first state, and what a reader must know of it."""

    title: str
    about: str
    source: str
    first: Enum
    events: type[Enum]
    transitions: Mapping[Any, Enum]


def machines() -> Iterator[Machine]:
    """The machines of the core, as a fresh peer and a fresh tenure begin them."""
    yield Machine(
        "A peer's life",
        "What a node holds one peer to be. How long a silence must last, and whose beats count, is in\n"
        "[safety.md](safety.md), rules 1 and 2; what *proven* is, in [beat.md](beat.md).",
        "heart/core/peers/peer.py",
        peer.Peer("", (), None, 0.0).life,
        peer.Turn,
        peer.TRANSITIONS,
    )
    yield Machine(
        "A service's tenure",
        "What one service is on this node. While it is starting, held or stopping, our beats claim it.\n"
        "`heart status` shows asking as stopped. The rules that decide are in [safety.md](safety.md).",
        "heart/core/services/tenure.py",
        tenure.ServiceTenure(Service("", (), 0.0, ()), 0.0, True, 0.0, 0).holding,
        tenure.Step,
        tenure.TRANSITIONS,
    )


def draw(machine: Machine) -> Iterator[str]:
    """The section of one machine, line by line: the diagram, and the same as a table."""
    yield f"\n## {machine.title}\n"
    yield f"{machine.about}\n"
    yield f"Code: `TRANSITIONS` in [{machine.source}](../{machine.source}).\n"
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {machine.first.value}"
    for (state, event), target in machine.transitions.items():
        yield f"    {state.value} --> {target.value}: {event.name}"
    yield "```\n"
    yield f"| in | {machine.events.__name__} | what happens | becomes |"
    yield "| --- | --- | --- | --- |"
    for (state, event), target in machine.transitions.items():
        yield f"| {state.value} | {event.name} | {event.value} | {target.value} |"


def text() -> str:
    """The file's text."""
    return HEAD + "".join(line + "\n" for machine in machines() for line in draw(machine))


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text))

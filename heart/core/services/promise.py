"""What this node, as a voter, has promised of a service (rule 5 of docs/safety.md, the arbiter `quorum`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Promise:
    """The service is promised to this node in this term.

    `heard_at` is the awake second in which that node was last heard to claim the service or to ask for it,
    `live` whether its newest beat then did.
    """

    term: int
    node: str
    heard_at: float
    live: bool = True

"""What the core decides; whoever runs it carries these out in their order."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from heart.beat import Beat, Order


class Send(Struct, frozen=True):
    """Send one beat on these links, now or never."""

    beat: Beat
    links: tuple[str, ...]


class LookAgain(Struct, frozen=True):
    """Read once more what the sockets have already received, then say `Looked`."""


class Ask(Struct, frozen=True):
    """Ask the arbiter; it says `Answer`."""

    service: str
    term: int
    silent: tuple[str, ...]


class TakeOver(Struct, frozen=True):
    """Start the service's resources; ends in `Started` or `StartFailed`."""

    service: str
    term: int
    reason: str
    previous: str | None


class Release(Struct, frozen=True):
    """Stop the service's resources, by force within `budget` seconds if one is given; ends in `Released`.

    A release with a budget overtakes one without.
    """

    service: str
    term: int
    reason: str
    budget: float | None


class Check(Struct, frozen=True):
    """Ask a held service's resources for their status; ends in `Checked`, unless overtaken."""

    service: str
    term: int


class Restart(Struct, frozen=True):
    """Stop what has failed of a held service and what was started after it, then start it again.

    Ends in `Started` or `StartFailed`.
    """

    service: str
    term: int
    reason: str


class Announce(Struct, frozen=True):
    """Tell the network once more where the service is."""

    service: str


class Forget(Struct, frozen=True):
    """The configuration has this service no more, and nothing of it is held here."""

    service: str


class StoreTerm(Struct, frozen=True):
    """Keep the greatest known term of a service across restarts; nothing waits for it."""

    service: str
    term: int


class StoreIncarnation(Struct, frozen=True):
    """Keep this node's incarnation across restarts; nothing waits for it."""

    incarnation: int


class StoreVoters(Struct, frozen=True):
    """Keep the set of voters in force across restarts; `coming` is the one agreed to next, or empty.

    Ends in `VotersKept` once it is on the disk; where it cannot be, in nothing.
    """

    voters: tuple[str, ...]
    coming: tuple[str, ...]


class StorePeer(Struct, frozen=True):
    """Keep the newest that was heard of a peer across restarts; nothing waits for it."""

    peer: str
    incarnation: int
    sequence: int


class StoreOrders(Struct, frozen=True):
    """Keep what operators have ordered across restarts; nothing waits for it."""

    orders: tuple[Order, ...]


class Answered(Struct, frozen=True):
    """The end of an operator's `Command`: whether it is done, and a line that says what was, or why not."""

    number: int
    done: bool
    text: str


class Report(Struct, frozen=True):
    """Something that the administrator may want to know: an event of docs/events.md."""

    kind: str
    reason: str
    fields: dict[str, Any]


class Finished(Struct, frozen=True):
    """Everything is released and goodbye is said: the daemon may end."""


Decision = (
    Send
    | LookAgain
    | Ask
    | TakeOver
    | Release
    | Check
    | Restart
    | Announce
    | Forget
    | StoreTerm
    | StoreIncarnation
    | StorePeer
    | StoreVoters
    | StoreOrders
    | Answered
    | Report
    | Finished
)

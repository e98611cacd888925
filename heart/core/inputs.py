"""What can happen to a node, as the core is told of it."""

from __future__ import annotations

from msgspec import Struct

from heart.beat import Beat
from heart.core.settings import Settings


class Tick(Struct, frozen=True):
    """A deadline that the core named has come, or time has just passed."""


class Heard(Struct, frozen=True, gc=False):
    """A frame with a good signature came in on a link."""

    link: str
    beat: Beat


class Refused(Struct, frozen=True):
    """A frame came in on a link and was refused before it could be read."""

    link: str
    reason: str


class LinkUp(Struct, frozen=True):
    """A link's medium is open."""

    link: str


class LinkDown(Struct, frozen=True):
    """A link's medium is lost or cannot be opened."""

    link: str
    reason: str


class Looked(Struct, frozen=True):
    """The second look is done: all that the sockets had received has been handed over."""


class Answer(Struct, frozen=True):
    """What the arbiter says to a question."""

    service: str
    term: int
    granted: bool


class Started(Struct, frozen=True):
    """All resources of a service run."""

    service: str
    term: int


class StartFailed(Struct, frozen=True):
    """A resource did not start, and those before it were stopped again; `clean` if that worked."""

    service: str
    term: int
    reason: str
    clean: bool


class Released(Struct, frozen=True):
    """A release has ended; `clean` if nothing of the service is left on this node."""

    service: str
    term: int
    reason: str
    clean: bool


class Checked(Struct, frozen=True):
    """The status of a held service's resources is known: `problem` is None where all run."""

    service: str
    term: int
    problem: str | None


class Hindered(Struct, frozen=True):
    """A service could not be held on this node now, for that reason; None: now it could."""

    service: str
    reason: str | None


class Contested(Struct, frozen=True):
    """Another machine claims a resource of a held service."""

    service: str
    reason: str


class VotersKept(Struct, frozen=True):
    """What `StoreVoters` asked for is on the disk; `coming` is the next set, or empty."""

    coming: tuple[str, ...]


class Command(Struct, frozen=True):
    """An operator asks for something at this node; the core says `Answered` to `number`, in its own time."""

    number: int
    name: str
    subject: str = ""
    value: str = ""


class Reconfigure(Struct, frozen=True):
    """The configuration has changed; cluster and node are the same."""

    settings: Settings


class Shutdown(Struct, frozen=True):
    """The operator ends this daemon: release, say goodbye, finish."""

    reason: str


Input = (
    Tick
    | Heard
    | Refused
    | LinkUp
    | LinkDown
    | Looked
    | Answer
    | Started
    | StartFailed
    | Released
    | Checked
    | Hindered
    | Contested
    | VotersKept
    | Command
    | Reconfigure
    | Shutdown
)

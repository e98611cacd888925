"""The walls between the steps of a beat: what a link, an arbiter and a resource promise.

A third party that brings a kind of its own implements one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from zope.interface import Attribute, Interface

if TYPE_CHECKING:  # commands that only read a configuration do without Twisted
    from twisted.internet.defer import Deferred

P = ParamSpec("P")
T = TypeVar("T")


class LinkUser(Protocol):
    """Whom a link tells what happens on its medium. All calls come on the reactor's thread."""

    def frames_received(self, link: str, frames: Sequence[bytes]) -> None:
        """Whole frames came in at once, of whatever content; our own broadcasts come back here too."""

    def link_up(self, link: str) -> None:
        """The medium is open: frames can be sent."""

    def link_down(self, link: str, reason: str) -> None:
        """The medium was lost or could not be opened; the link goes on trying by itself.

        `reason` is one line for a person, which names the device or interface. Said once for each
        change of reason, not for each try.
        """


class ILink(Interface):
    """One medium that carries frames. It knows nothing of nodes and never blocks its caller."""

    name: str = Attribute("The link's name in the configuration.")
    skipped: int = Attribute("How many frames were not sent since the start.")
    damaged: int = Attribute("How many pieces of noise, which are no frames, came in since the start.")

    def start(user: LinkUser) -> None:
        """Open the medium, and from then on try again with backoff whenever it is lost."""

    def send(frame: bytes) -> bool:
        """Send one frame now or never: False where the medium is down or still busy with another."""

    def drain() -> None:
        """Hand over at once what the operating system has already received (bounded)."""

    def descriptor() -> int | None:
        """The open medium's file descriptor, for a process that is to inherit it; None while down."""

    def stop() -> Deferred[None]:
        """Close the medium; fires when nothing of it is left."""


class ILookingUp(ILink):
    """A link that looks something up when it starts, such as the addresses of names."""

    def look_up_again() -> None:
        """Look it up anew, without a frame missed: the configuration was read again, and says the same."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """One tenure of a service on this node, as its resources are told of it.

    `attributes` are what operators have set, by the names of the nodes: `heart set` on each.
    """

    cluster: str
    node: str
    service: str
    term: int
    reason: str
    previous: str | None
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class ResourceFailed(Exception):
    """A resource could not be started or stopped, or does not run; its text is one line for a person."""


class ResourceUser(Protocol):
    """Whom a resource tells what it notices by itself. All calls come on the reactor's thread."""

    def lost(self, resource: IResource, reason: str) -> None:
        """It was started and not stopped since, and does not run any more."""

    def hindered(self, resource: IResource, reason: str | None) -> None:
        """It could not be held on this node now, for that reason; None: now it could again.

        Said whether it is held or not, each change once.
        """

    def contested(self, resource: IResource, reason: str) -> None:
        """Another machine claims the same; what can be answered was answered. Said at a bounded rate."""


class IResource(Interface):
    """One thing that is started and stopped with a service."""

    label: str = Attribute("What it is, for logs: 'address 10.0.0.100/24 on eth0'.")

    output: str = Attribute("What its last call printed, shortened; empty where it prints nothing.")
    pid: int | None = Attribute("The process group of the command that runs for it now, if one does.")

    def watch(user: ResourceUser) -> None:
        """From now on tell `user` what is noticed outside of any call. Called once, before a start."""

    def close() -> None:
        """Watch no more: it is stopped, and will not be started again."""

    def status(tenure: Tenure) -> Deferred[None]:
        """Ask whether it runs. Fires when it does; fails with ResourceFailed where not, or untold in time.

        Only called between a start and a stop, one call at a time; `interrupt` ends it, too.
        """

    def start(tenure: Tenure) -> Deferred[None]:
        """Start it. Fires when it runs; fails with ResourceFailed. What runs already is a success."""

    def stop(tenure: Tenure, budget: float | None) -> Deferred[None]:
        """Stop it, by force where `budget` (seconds) passes first; None: its own timeout applies.

        Fires when it has stopped; fails with ResourceFailed when it may still run. What is not
        there is a success.
        """

    def interrupt(budget: float) -> Deferred[None]:
        """End the start, stop or status that is under way within `budget` seconds; fires when it has ended.

        The interrupted call's Deferred fails with ResourceFailed first.
        """

    def announce() -> None:
        """Tell the network once more that it is here, where that means anything."""


@dataclass(frozen=True, slots=True)
class Question:
    """May this node act on the silence of those peers, and hold the service in that term?"""

    service: str
    term: int
    silent: tuple[str, ...]


class IArbiter(Interface):
    """What must agree before a node acts on a peer's silence."""

    name: str = Attribute("The arbiter's kind, for status and logs.")

    def ask(question: Question) -> Deferred[bool]:
        """Whether this node may; never fails, never fires later than the question is of use."""


class InThread(Protocol):
    """Runs work that may stall in a thread, and gives its result back on the reactor's thread."""

    def __call__(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Begin `work` in a thread; the Deferred fires on the reactor's thread."""


class IKind(Interface):
    """A kind of link, resource or arbiter from a package of its own, found by `twisted.plugin`.

    Its plugin stands in that package's `twisted/plugins/`, and provides one of the three below. `make` is
    called in the reactor's thread, at the start and for what a reload changes, with a copy of the keys:
    it neither blocks nor opens anything.
    """

    kind: str = Attribute("The word that chooses it: `kind = ...` in the configuration.")

    def check(keys: Mapping[str, object]) -> Iterable[str]:
        """What is wrong with its own keys of the configuration, a line each: 'KEY: what was expected'.

        `keys` are those that Heart itself does not know, as TOML has them: a copy. Called while a file is
        read, which may be another node's: before there is a reactor, or in a thread of a daemon that
        beats. It must neither block nor raise, nor look at this machine. A key may be deep: 'KEY.KEY: ...'.
        """


class ILinkKind(IKind):
    """A kind of link."""

    def make(name: str, keys: Mapping[str, object], reactor: object, in_thread: InThread) -> ILink:
        """The link of that name; `reactor` is IReactorTime and IReactorFDSet in one."""


class IResourceKind(IKind):
    """A kind of resource."""

    def make(keys: Mapping[str, object], reactor: object, in_thread: InThread) -> IResource:
        """A resource; `reactor` is IReactorTime and IReactorProcess in one."""


class IArbiterKind(IKind):
    """A kind of arbiter."""

    def make(keys: Mapping[str, object], reactor: object, in_thread: InThread) -> IArbiter:
        """The arbiter; `reactor` is IReactorTime and IReactorFDSet in one."""


class IHistory(Interface):
    """Where events go: nobody who reports one ever waits for it."""

    def report(event: dict[str, object]) -> None:
        """Take one event, as described in docs/events.md."""


Clock = Callable[[], float]

"""What a simulated cluster is, and what is done to it when: a plan, which can be kept in a file."""

from __future__ import annotations

from msgspec import DecodeError, Struct, ValidationError, json

from heart.config.model import Timing

FORMAT = 1
"""Grows when an older plan would mean something else."""


class Wire(Struct, frozen=True):
    """A link: all nodes are on it unless `ends` says who; `baud` makes it a serial line."""

    name: str
    baud: int | None = None
    ends: tuple[str, ...] = ()


class Times(Struct, frozen=True):
    """The times of a configuration, in seconds."""

    beat: float = 0.1
    late: float = 0.25
    dead: float = 1.0
    lease: float = 0.6
    start: float = 5.0
    settle: float = 10.0

    def timing(self) -> Timing:
        """As the core takes them."""
        return Timing(self.beat, self.late, self.dead, self.lease, self.start, self.settle)


class Setup(Struct, frozen=True):
    """A cluster with one service, `web`. `drifts` are by how much the nodes' clocks run too fast."""

    nodes: tuple[str, ...]
    links: tuple[Wire, ...]
    arbiter: str = "trust"
    witnesses: tuple[str, ...] = ()
    times: Times = Times()
    stop: float = 0.3
    failback: bool = False
    monitor: float | None = None
    restarts: int = 0
    drifts: tuple[float, ...] = ()


class Act(Struct, frozen=True, tag_field="act"):
    """Something that is done at a time, in seconds from the beginning."""

    at: float


class Suffer(Act, frozen=True, tag="suffer"):
    """A link does so from now on: as well as ever but for what is given. `burst` is (share, mean seconds)."""

    link: str
    loss: float = 0.0
    burst: tuple[float, float] | None = None
    repeat: float = 0.0
    corrupt: float = 0.0
    delay: tuple[float, float] | None = None
    baud: int | None = None
    cut: tuple[tuple[str, str], ...] = ()


class Unplug(Act, frozen=True, tag="unplug"):
    """A node's end of a link is gone for some seconds."""

    node: str
    link: str
    seconds: float


class Kill(Act, frozen=True, tag="kill"):
    """A machine dies."""

    node: str


class Start(Act, frozen=True, tag="start"):
    """A dead machine starts, perhaps without its state directory, or its time of day so many seconds back."""

    node: str
    forgetful: bool = False
    set_back: float = 0.0


class ShutDown(Act, frozen=True, tag="shut-down"):
    """An operator ends a daemon."""

    node: str


class Stall(Act, frozen=True, tag="stall"):
    """A daemon, or its `whole` machine, can do nothing for some seconds; perhaps the clock stops, too."""

    node: str
    seconds: float
    whole: bool = False
    clock_stops: bool = False


class Slow(Act, frozen=True, tag="slow"):
    """A daemon gets the processor up to `lag` seconds late, for some seconds."""

    node: str
    lag: float
    seconds: float


class Scripts(Act, frozen=True, tag="scripts"):
    """The scripts of a node do so from now on; None for a time: hangs."""

    node: str
    starts_in: float | None = 0.02
    stops_in: float | None = 0.02
    fails: bool = False
    sick: bool = False


class Hinder(Act, frozen=True, tag="hinder"):
    """A node cannot hold the service, as with a card without a carrier; or it can again."""

    node: str
    hindered: bool


class Order(Act, frozen=True, tag="order"):
    """An operator asks a node for something."""

    node: str
    command: str
    subject: str
    value: str = ""


class Reload(Act, frozen=True, tag="reload"):
    """A node is given a file with other times, or other nodes."""

    node: str
    times: Times | None = None
    nodes: tuple[str, ...] = ()


class Replay(Act, frozen=True, tag="replay"):
    """Somebody who listened sends a share of what was said on a link once more, for some seconds."""

    link: str
    seconds: float
    every: float


Acts = Suffer | Unplug | Kill | Start | ShutDown | Stall | Slow | Scripts | Hinder | Order | Reload | Replay


class Plan(Struct, frozen=True):
    """A history to come: the same to the byte for the same plan and the same software.

    For `trouble` seconds the acts are done, then all is mended, and the cluster is given time to settle.
    `about` says what it is for, where somebody wrote that down.
    """

    seed: int
    setup: Setup
    trouble: float
    acts: tuple[Acts, ...] = ()
    format: int = FORMAT
    about: str = ""


class BadPlan(ValueError):
    """Not a plan that this software can replay; the text says why, for a person."""


def read(text: bytes) -> Plan:
    """A plan from a file's content. Raises BadPlan."""
    try:
        version = json.decode(text, type=_Version).format
    except (DecodeError, ValidationError):
        raise BadPlan("expected a plan that heart simulate has written") from None
    if version != FORMAT:
        raise BadPlan(f"expected a plan of format {FORMAT}, and this is of format {version}")
    try:
        return json.decode(text, type=Plan)
    except (DecodeError, ValidationError) as error:
        raise BadPlan(f"expected a plan that heart simulate has written: {error}") from None


def write(plan: Plan) -> bytes:
    """A plan as the content of a file."""
    return json.format(json.encode(plan), indent=1) + b"\n"


class _Version(Struct):
    format: int

"""What outlives a daemon: its incarnation, the terms of services, the newest heard of each peer, what
operators have ordered, and the set of voters in force.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import MsgspecError, Struct, field, json
from twisted.internet.defer import Deferred

from heart.beat import Order
from heart.core.state import Record
from heart.interfaces import InThread
from heart.node.files import LatestFile

FORMAT = 1
LARGEST = 2**62  # what a beat can still speak of


class Remembered(Struct):
    """The content of the state file. `coming` is the set of voters that was agreed to next, or empty."""

    format: int = FORMAT
    incarnation: int = 0
    terms: dict[str, int] = field(default_factory=dict)
    peers: dict[str, Record] = field(default_factory=dict)
    orders: tuple[Order, ...] = ()
    voters: tuple[str, ...] = ()
    coming: tuple[str, ...] = ()


class _Unusable(Exception):
    """Nothing can be remembered from the file; the text says why."""


def recall(path: Path) -> tuple[Remembered, str | None]:
    """What the file remembers, and a line for a person where it is not usable: then nothing is remembered.

    Such a file is moved aside, because what is remembered from now on will be written in its place.
    """
    try:
        return _read(path), None
    except FileNotFoundError:
        return Remembered(), None
    except _Unusable as error:
        return Remembered(), f"{path}: {error}; this node begins without memory{_move_aside(path)}"


def _read(path: Path) -> Remembered:
    try:
        remembered = json.decode(path.read_bytes(), type=Remembered)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _Unusable(f"cannot be read ({error.strerror})") from None
    except (MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _Unusable(f"is damaged ({error})") from None
    if remembered.format != FORMAT:
        raise _Unusable(f"is of format {remembered.format}, expected {FORMAT}")
    if not _sane(remembered):
        raise _Unusable("is damaged (a number out of bounds)")
    return remembered


def _move_aside(path: Path) -> str:
    aside = path.with_name(f"{path.name}.unusable")
    try:
        path.replace(aside)
    except OSError as error:
        return f" (it cannot be moved to {aside.name}: {error.strerror})"
    return f" (it is {aside.name} now)"


def _sane(remembered: Remembered) -> bool:
    numbers = [remembered.incarnation, *remembered.terms.values()]
    numbers += [order.stamp for order in remembered.orders]
    numbers += [incarnation for incarnation, _ in remembered.peers.values()]
    sequences = [sequence for _, sequence in remembered.peers.values()]
    return all(0 <= number < LARGEST for number in numbers) and all(0 <= s < 2 * LARGEST for s in sequences)


class Memory:
    """Keeps what is remembered, and writes it down from a thread whenever it changes."""

    def __init__(self, path: Path, remembered: Remembered, in_thread: InThread) -> None:
        self._remembered = remembered
        self._file = LatestFile(path, in_thread, durable=True)
        self.written = self._file.written

    def term(self, service: str, term: int) -> None:
        """Keep the greatest known term of a service."""
        self._remembered.terms[service] = term
        self._write()

    def incarnation(self, incarnation: int) -> None:
        """Keep this node's incarnation."""
        self._remembered.incarnation = incarnation
        self._write()

    def peer(self, name: str, incarnation: int, sequence: int) -> None:
        """Keep the newest that was heard of a peer."""
        self._remembered.peers[name] = (incarnation, sequence)
        self._write()

    def orders(self, orders: tuple[Order, ...]) -> None:
        """Keep what operators have ordered."""
        self._remembered.orders = orders
        self._write()

    def voters(self, voters: tuple[str, ...], coming: tuple[str, ...]) -> Deferred[None]:
        """Keep the sets of voters; fires when they are on the disk: on one that fails, once it is mended."""
        self._remembered.voters, self._remembered.coming = voters, coming
        self._write()
        return self._file.on_disk()

    def _write(self) -> None:
        self._file.write(json.encode(self._remembered))


def next_incarnation(remembered: Remembered, time_of_day: Callable[[], float]) -> int:
    """Greater than every life before, even where the memory of them is lost and the clock is right."""
    return max(remembered.incarnation + 1, int(time_of_day()))

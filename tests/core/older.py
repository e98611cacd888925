"""How nodes of release 0.1.0 write and read beats: the records as they were, kept for good."""

from __future__ import annotations

from msgspec import Struct, msgpack

from heart.beat import Ack, Beat, ServiceWord
from heart.codec import Codec, Refusal


class Entry(Struct, frozen=True, array_like=True):
    """An entry of the status table."""

    node: str
    incarnation: int
    version: int
    configuration: str
    software: str
    notes: tuple[tuple[str, str, str], ...] = ()


class Word(Struct, frozen=True, array_like=True):
    """What rarely changes."""

    links: tuple[int, ...]
    services: tuple[ServiceWord, ...]
    digest: bytes
    entries: tuple[Entry, ...] = ()


class OlderBeat(Struct, frozen=True, array_like=True):
    """A beat."""

    sender: str
    incarnation: int
    sequence: int
    flags: int
    sent: tuple[int, ...]
    asks: tuple[int, ...]
    acks: tuple[Ack, ...]
    word: Word


def as_read(beat: Beat) -> OlderBeat:
    """What such a node reads in a beat of today. Raises msgspec's errors where it cannot."""
    return msgpack.decode(msgpack.encode(beat), type=OlderBeat)


def as_written(beat: Beat) -> Beat:
    """What is left of a beat once such a node has written it."""
    return msgpack.decode(msgpack.encode(as_read(beat)), type=Beat)


class OlderCodec(Codec):
    """The codec of such a node: what it does not know is not there, in either direction."""

    def encode(self, beat: Beat) -> bytes:
        """Write it without what came later."""
        return super().encode(as_written(beat))

    def decode(self, frame: bytes) -> Beat | Refusal:
        """Read it without what came later."""
        beat = super().decode(frame)
        return beat if isinstance(beat, Refusal) else as_written(beat)

"""The beat: what one node says to all the others, as records that cross the wire.

The format is written down in docs/beat.md, with test vectors. None of these records can be part of a
cycle, so the garbage collector is spared them (`gc=False`). Names of nodes, links and services
are spoken of by a short hash, so that a beat is small and positions in a file mean nothing.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Annotated

from msgspec import Meta, Struct

VERSION = 1
MAX_FRAME = 1200  # bytes, so that a frame passes any Ethernet and tunnel unbroken
MOST_HOPS = 8  # nodes that may pass a beat on, one after the other
REST_FRAME = 160  # bytes, the most that a two-node beat at rest may take
GOODBYE_SEQUENCE = 2**63 - 1  # kept free: a guard can sign off for a daemon without knowing its count
NEVER = 2**32 - 1  # microseconds: not heard in this life

PROBE = 1  # flags of a beat: the sender misses somebody
GOODBYE = 2  # the sender has let go of everything and ends this incarnation for ever
LEAVING = 4  # the sender is being stopped: it lets go, and says goodbye soon

CLAIMS = 1  # flags of a word on a service: holds it, or is starting or stopping it
ASKS = 2  # wants to hold it, and waits for agreement
ABLE = 4  # may hold it, if it is its turn
CLEAN = 8  # has let go of it, or never held it, and is sure that nothing of it is left
STARTING = 16  # claims it, and its resources do not all run yet
STOPPING = 32  # claims it, and is letting go of it


# Bounded on the wire, so that one more of it can always be said.
Number = Annotated[int, Meta(ge=0, le=2**62)]
Sequence = Annotated[int, Meta(ge=1, le=GOODBYE_SEQUENCE)]
Hash = Annotated[int, Meta(ge=0, lt=2**32)]


@lru_cache(maxsize=4096)
def name_hash(name: str) -> int:
    """The 32-bit hash by which beats speak of the node, link or service with this name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big")


class Ack(Struct, frozen=True, array_like=True, gc=False):
    """What the sender last heard of one peer.

    `sequence` is the newest of that incarnation on any link. `heard` holds two numbers for each of
    the sender's links, in the order of `Word.links`: microseconds since the peer was last heard on it
    (`NEVER` if not in this life), and by how much the sequence number heard there is behind `sequence`.
    """

    peer: Hash
    incarnation: Number
    sequence: Annotated[int, Meta(ge=0, le=GOODBYE_SEQUENCE)]
    heard: tuple[Number, ...]


class ServiceWord(Struct, frozen=True, array_like=True, gc=False):
    """What the sender says of one service.

    `term` is the term that it claims or asks for, otherwise the greatest that it knows. A voter
    promises the service to one node in one term (rule 5, `quorum`); where nobody votes, none is made.
    """

    service: Hash
    term: Number
    flags: Number
    promised_term: Number | None = None
    promised_to: Hash | None = None


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """A node's own entry of the status table; only that node writes it, all pass it on.

    The entry with the greater (incarnation, version) is the newer one. `notes` are facts about
    services that have no place in every beat: service, state, reason. `parts` sums up each key of the
    node's configuration (heart.config.meaning), `reads` is the newest version of beats that it reads,
    `keys` are marks of the keys with which it verifies, that with which it signs first (heart.keys).
    """

    node: str
    incarnation: Number
    version: Number
    configuration: str
    software: str
    notes: tuple[tuple[str, str, str], ...] = ()
    parts: bytes = b""
    reads: Number = VERSION
    keys: tuple[Hash, ...] = ()


class Order(Struct, frozen=True, array_like=True, gc=False):
    """What an operator wants of a subject; all nodes keep the newest of each kind and subject.

    The order with the greater (stamp, author) is the newer one; `author` is the node at which it was
    given. `term` is that of the service at the time, where the order ends with the next one.
    """

    kind: str
    subject: str
    value: str
    stamp: Number
    author: str
    term: Number = 0


class Word(Struct, frozen=True, array_like=True, gc=False):
    """The part of a beat that rarely changes.

    `digest` sums up the sender's status table; `entries` and `orders` are sent where digests differ.
    `voters` are the sets of voters that it knows (heart.core.services.electorate): that under which it votes
    and the one to come if there is one, or between two sets 0, the one to come and the one that it comes
    from; empty where nobody votes.
    """

    links: tuple[Hash, ...]
    services: tuple[ServiceWord, ...]
    digest: bytes
    entries: tuple[Entry, ...] = ()
    orders: tuple[Order, ...] = ()
    voters: tuple[Hash, ...] = ()


class Beat(Struct, frozen=True, array_like=True, gc=False):
    """One signed message: who I am, that I live, what I hold, what I heard.

    `sent` counts the frames of this incarnation on each of `word.links`, this one included. `asks`
    are the peers who shall answer at once. `through` are the nodes that have passed this beat on, the
    first of them first; the frame is signed anew by each.
    """

    sender: str
    incarnation: Number
    sequence: Sequence
    flags: Number
    sent: tuple[Number, ...]
    asks: tuple[Hash, ...]
    acks: tuple[Ack, ...]
    word: Word
    through: tuple[Hash, ...] = ()

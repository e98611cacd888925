"""Writes docs/vectors.json, the test vectors of docs/beat.md: `python docs/write_vectors.py [--check]`.

With --check nothing is written; exit code 1 says that the file is not what the code makes. The tests
hold the committed bytes against the code and against a decoder made from the document alone, so a
change of the format shows as a failing test, not as a silently rewritten file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from msgspec import msgpack, structs, to_builtins
from written import write_or_check

from heart.beat import (
    ABLE,
    ASKS,
    CLAIMS,
    CLEAN,
    GOODBYE,
    GOODBYE_SEQUENCE,
    LEAVING,
    MAX_FRAME,
    NEVER,
    PROBE,
    STARTING,
    Ack,
    Beat,
    Entry,
    Order,
    ServiceWord,
    Word,
    name_hash,
)
from heart.codec import HEADER, SIGNATURE, Codec, Refusal
from heart.core.services.electorate import NO_SET, hash_of
from heart.core.shared.orders import Orders
from heart.core.shared.table import StatusTable
from heart.core.state import digest_of
from heart.keys import Keys, marks
from heart.links.framing import enclose

FILE = Path(__file__).with_name("vectors.json")
CLUSTER = "web"
KEYS = Keys({1: bytes(range(32)), 2: bytes(range(64))}, 1)
NAMES = ("alpha", "beta", "gamma", "lan", "cable", "web")
LIFE = 1_795_357_083  # an incarnation: the seconds of the time of day at a start
TERM = 1_795_357_084

PARTS = bytes.fromhex("0112345678")
NOTES = (("web", "failed", "exit status 1"),)
ALPHA = Entry("alpha", LIFE, 1, "bb5848efde99448d", "0.2.0", (), PARTS, keys=marks(KEYS))
BETA = Entry("beta", LIFE + 1, 3, "bb5848efde99448d", "0.2.0", NOTES, PARTS, keys=marks(KEYS))
STANDBY = Order("standby", "beta", "yes", TERM + 5, "alpha")
MOVE = Order("move", "web", "beta", TERM + 6, "beta", TERM)
ORDERED = Orders((MOVE, STANDBY))
ALONE = StatusTable(("alpha", "beta"), ALPHA)
BOTH = StatusTable(("alpha", "beta"), ALPHA)
BOTH.merge(BETA)


@dataclass(frozen=True)
class Vector:
    """A beat that is worth a vector, the key that signs it, and what it shows."""

    name: str
    about: str
    beat: Beat
    key: int = 1


def _word(flags: int, term: int = TERM, table: StatusTable = BOTH, entries: tuple[Entry, ...] = ()) -> Word:
    service = ServiceWord(name_hash("web"), term, flags)
    return Word((name_hash("lan"), name_hash("cable")), (service,), table.digest, entries)


def _ack(peer: str, sequence: int, *heard: int) -> Ack:
    return Ack(name_hash(peer), LIFE + 1, sequence, heard)


REST = Beat(
    "alpha",
    LIFE,
    4711,
    0,
    (4711, 4709),
    (),
    (_ack("beta", 4698, 41_250, 0, 41_250, 1),),
    _word(ABLE | CLEAN),
)


def vectors() -> Iterator[Vector]:
    """The beats, the plainest first."""
    yield Vector(
        "first",
        "The first beat of a life: nobody was heard yet, so nothing is acknowledged.",
        Beat("alpha", LIFE, 1, 0, (1, 1), (), (), _word(ABLE | CLEAN, 0, ALONE)),
    )
    yield Vector("rest", "Two nodes on two links at rest; alpha may hold `web` and does not.", REST)
    yield Vector(
        "claim",
        "alpha holds `web`; the frame is signed with key 2, as while keys are changed.",
        structs.replace(REST, sequence=4712, sent=(4712, 4710), word=_word(ABLE | CLAIMS)),
        key=2,
    )
    yield Vector(
        "starting",
        "alpha claims `web` while its resources are being started, and asks beta to answer at once.",
        structs.replace(
            REST,
            sequence=4713,
            sent=(4713, 4711),
            asks=(name_hash("beta"),),
            word=_word(ABLE | CLAIMS | STARTING),
        ),
    )
    yield Vector(
        "probe",
        "beta is late: alpha asks it. The cable has never brought anything of beta in this life of alpha.",
        structs.replace(
            REST,
            sequence=4720,
            flags=PROBE,
            sent=(4720, 0),
            asks=(name_hash("beta"), name_hash("gamma")),
            acks=(_ack("beta", 4698, 312_500, 0, NEVER, 0),),
        ),
    )
    yield Vector(
        "asking",
        "alpha asks for `web` in a term that is greater than any that it knows.",
        structs.replace(REST, sequence=4730, sent=(4730, 4728), word=_word(ABLE | ASKS | CLEAN, TERM + 1)),
    )
    yield Vector(
        "goodbye",
        "alpha has let go of everything and ends this incarnation; the sequence number is the reserved one.",
        structs.replace(
            REST, sequence=GOODBYE_SEQUENCE, flags=GOODBYE | LEAVING, sent=(4731, 4729), word=_word(CLEAN)
        ),
    )
    yield Vector(
        "table",
        "alpha's status table differs from beta's: it sends its entries, one of them with a note.",
        structs.replace(
            REST, sequence=4740, sent=(4740, 4738), word=_word(ABLE | CLEAN, entries=(ALPHA, BETA))
        ),
    )
    yield Vector(
        "orders",
        "Operators have put beta in standby and moved `web` to it: alpha passes both orders on.",
        structs.replace(
            REST,
            sequence=4742,
            sent=(4742, 4740),
            word=structs.replace(
                _word(ABLE | CLEAN), digest=digest_of(BOTH, ORDERED), orders=(MOVE, STANDBY)
            ),
        ),
    )
    yield Vector(
        "passed-on",
        "`rest` after gamma and then delta have passed it on; the signature is delta's.",
        structs.replace(REST, through=(name_hash("gamma"), name_hash("delta"))),
    )
    yield Vector(
        "promise",
        "Under `quorum` alpha promises `web` to beta; three nodes vote, and another set is to come.",
        structs.replace(
            REST,
            sequence=4741,
            word=Word(
                (name_hash("lan"),),
                (ServiceWord(name_hash("web"), TERM, ABLE | CLEAN, TERM, name_hash("beta")),),
                BOTH.digest,
                voters=(hash_of(("alpha", "beta", "gamma")), hash_of(("beta", "alpha"))),
            ),
            sent=(4741,),
            acks=(),
        ),
    )

    yield Vector(
        "between",
        "Under `quorum` alpha votes under neither of two sets: it goes over from three nodes to two.",
        structs.replace(
            REST,
            sequence=4743,
            word=Word(
                (name_hash("lan"),),
                (ServiceWord(name_hash("web"), TERM, ABLE | CLEAN, TERM, name_hash("beta")),),
                BOTH.digest,
                voters=(NO_SET, hash_of(("beta", "alpha")), hash_of(("alpha", "beta", "gamma"))),
            ),
            sent=(4743,),
            acks=(),
        ),
    )


def frame_of(vector: Vector) -> bytes:
    """The signed frame of a vector."""
    return Codec(CLUSTER, Keys(KEYS.keys, vector.key)).encode(vector.beat)


def refused() -> Iterator[tuple[str, Refusal, bytes]]:
    """Frames that are refused: how each was made, why it is refused, and its bytes."""
    good = Codec(CLUSTER, KEYS).encode(REST)
    flipped = bytearray(good)
    flipped[20] ^= 1
    body = msgpack.encode(REST)
    yield "nothing", Refusal.LENGTH, b""
    yield "22 bytes, one fewer than the smallest frame", Refusal.LENGTH, good[:22]
    yield "1,201 bytes, one more than the largest frame", Refusal.LENGTH, good[:2].ljust(MAX_FRAME + 1, b"\0")
    yield "`rest` with version 2", Refusal.VERSION, b"\x02" + good[1:]
    yield "`rest` in the cluster `db`", Refusal.CLUSTER, Codec("db", KEYS).encode(REST)
    yield "`rest` with key id 3", Refusal.KEY, Codec(CLUSTER, Keys({3: KEYS.keys[1]}, 3)).encode(REST)
    yield "`rest` signed with another key under id 1", Refusal.SIGNATURE, _signed(body, bytes(32))
    yield "`rest` with one bit changed", Refusal.SIGNATURE, bytes(flipped)
    yield "`rest` without its last byte", Refusal.SIGNATURE, good[:-1]
    yield "well signed, and one byte after the body", Refusal.MALFORMED, _signed(body + b"\0")
    yield (
        "well signed, but the body is a map",
        Refusal.MALFORMED,
        _signed(msgpack.encode({"sender": "alpha"})),
    )
    yield "well signed, but the beat has no word", Refusal.MALFORMED, _signed(_body(drop=2))
    yield "well signed, with sequence number 0", Refusal.MALFORMED, _signed(_body(sequence=0))
    yield "well signed, with incarnation 2^62 + 1", Refusal.MALFORMED, _signed(_body(incarnation=2**62 + 1))
    yield "well signed, with an ask of 33 bits", Refusal.MALFORMED, _signed(_body(asks=[2**32]))


def _signed(body: bytes, key: bytes = KEYS.keys[1]) -> bytes:
    person = blake2b(CLUSTER.encode(), digest_size=16).digest()
    signed = b"\x01\x01" + person[: HEADER - 2] + body
    return signed + blake2b(signed, digest_size=SIGNATURE, key=key, person=person).digest()


def _body(drop: int = 0, **changes: object) -> bytes:
    """The body of `rest` with some fields changed and the last ones left out."""
    fields = {**structs.asdict(REST), **changes}
    return msgpack.encode(list(fields.values())[: len(fields) - drop])


def lines() -> Iterator[tuple[str, bytes]]:
    """Frames as they stand on a serial line; the last are no beats, but show what COBS does."""
    yield "`rest`", Codec(CLUSTER, KEYS).encode(REST)
    yield "11 22 00 33", bytes.fromhex("11220033")
    yield "one zero byte", b"\0"
    yield "254 bytes without a zero", b"\xff" * 254
    yield "255 bytes without a zero", b"\xff" * 255
    yield "254 bytes, a zero, 11", b"\xff" * 254 + b"\0\x11"


def content() -> dict[str, Any]:
    """What the file holds."""
    return {
        "about": "Test vectors of docs/beat.md. Bytes are in hex. Numbers may be greater than 2^53.",
        "cluster": CLUSTER,
        "keys": {str(key_id): key.hex() for key_id, key in KEYS.keys.items()},
        "hashes": {name: name_hash(name) for name in NAMES},
        "digests": [
            {"entries": [_plain(ALPHA)], "digest": ALONE.digest.hex()},
            {"entries": [_plain(ALPHA), _plain(BETA)], "digest": BOTH.digest.hex()},
            {
                "entries": [_plain(ALPHA), _plain(BETA)],
                "orders": [_plain(MOVE), _plain(STANDBY)],
                "digest": digest_of(BOTH, ORDERED).hex(),
            },
        ],
        "beats": [
            {
                "name": vector.name,
                "about": vector.about,
                "key": vector.key,
                "beat": _plain(vector.beat),
                "frame": frame_of(vector).hex(),
            }
            for vector in vectors()
        ],
        "refused": [
            {"about": about, "reason": reason.value, "frame": frame.hex()}
            for about, reason, frame in refused()
        ],
        "lines": [
            {"about": about, "frame": frame.hex(), "line": enclose(frame).hex()} for about, frame in lines()
        ],
    }


def _plain(record: Any) -> Any:
    """A record as plain data, by the names of its fields; bytes in hex."""
    if isinstance(record, tuple):
        return [_plain(item) for item in record]
    if isinstance(record, Beat | Ack | Word | ServiceWord | Entry | Order):
        return {name: _plain(value) for name, value in structs.asdict(record).items()}
    return record.hex() if isinstance(record, bytes) else to_builtins(record)


def text() -> str:
    """The file's text."""
    return json.dumps(content(), indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text))

"""The test vectors of docs/beat.md: the code makes and takes exactly these bytes, as the document does."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack, structs
from twisted.trial.unittest import SynchronousTestCase

from heart import beat as wire
from heart.codec import HEADER, SIGNATURE, Codec, Refusal
from heart.keys import Keys
from heart.links.framing import Deframer, enclose
from tests.docs import by_hand
from tests.docs.support import DOCS, load_script, table

GIVEN: dict[str, Any] = json.loads((DOCS / "vectors.json").read_text())
CLUSTER: str = GIVEN["cluster"]
KEYS = {int(key_id): bytes.fromhex(key) for key_id, key in GIVEN["keys"].items()}
BEATS: dict[str, dict[str, Any]] = {vector["name"]: vector for vector in GIVEN["beats"]}


def codec(signing: int = 1) -> Codec:
    """The codec of the vectors' cluster."""
    return Codec(CLUSTER, Keys(KEYS, signing))


def fields(record: Any) -> Any:
    """A record of ours as the vectors write it: by the names of its fields, bytes in hex."""
    if isinstance(record, tuple):
        return [fields(item) for item in record]
    if hasattr(record, "__struct_fields__"):
        return {name: fields(value) for name, value in structs.asdict(record).items()}
    return record.hex() if isinstance(record, bytes) else record


def record(given: dict[str, Any]) -> wire.Beat:
    """A beat of ours from the fields of a vector."""
    word = given["word"]
    return wire.Beat(
        given["sender"],
        given["incarnation"],
        given["sequence"],
        given["flags"],
        tuple(given["sent"]),
        tuple(given["asks"]),
        tuple(wire.Ack(**{**ack, "heard": tuple(ack["heard"])}) for ack in given["acks"]),
        wire.Word(
            tuple(word["links"]),
            tuple(wire.ServiceWord(**service) for service in word["services"]),
            bytes.fromhex(word["digest"]),
            tuple(
                wire.Entry(
                    **{
                        **entry,
                        "notes": tuple(tuple(note) for note in entry["notes"]),
                        "parts": bytes.fromhex(entry["parts"]),
                        "keys": tuple(entry["keys"]),
                    }
                )
                for entry in word["entries"]
            ),
            tuple(wire.Order(**order) for order in word["orders"]),
            tuple(word["voters"]),
        ),
        tuple(given["through"]),
    )


class BeatVectorTests(SynchronousTestCase):
    """Each beat of the file, in both directions, by the code and by hand."""

    def test_encode(self) -> None:
        """These fields give exactly these bytes."""
        for name, vector in BEATS.items():
            frame = codec(vector["key"]).encode(record(vector["beat"]))
            self.assertEqual(frame.hex(), vector["frame"], name)

    def test_decode(self) -> None:
        """These bytes give exactly these fields."""
        for name, vector in BEATS.items():
            self.assertEqual(fields(codec().decode(bytes.fromhex(vector["frame"]))), vector["beat"], name)

    def test_decode_by_hand(self) -> None:
        """The document suffices to read them."""
        for name, vector in BEATS.items():
            body = by_hand.open_frame(CLUSTER, KEYS, bytes.fromhex(vector["frame"]))
            assert isinstance(body, bytes), body
            self.assertEqual(by_hand.read_body(body), vector["beat"], name)

    def test_encode_by_hand(self) -> None:
        """The document suffices to write them, byte for byte."""
        for name, vector in BEATS.items():
            key_id, body = vector["key"], by_hand.write_body(vector["beat"])
            frame = by_hand.seal_frame(CLUSTER, key_id, KEYS[key_id], body)
            self.assertEqual(frame.hex(), vector["frame"], name)

    def test_what_there_is(self) -> None:
        """There is a vector for each thing that a beat can say."""
        for name, flags in {"rest": 0, "probe": wire.PROBE, "goodbye": wire.GOODBYE | wire.LEAVING}.items():
            self.assertEqual(BEATS[name]["beat"]["flags"], flags, name)
        (claim,) = BEATS["claim"]["beat"]["word"]["services"]
        self.assertTrue(claim["flags"] & wire.CLAIMS)
        self.assertEqual(BEATS["goodbye"]["beat"]["sequence"], 2**63 - 1)
        self.assertIn(GIVEN["hashes"]["beta"], BEATS["probe"]["beat"]["asks"])
        self.assertEqual(len(BEATS["table"]["beat"]["word"]["entries"]), 2)
        self.assertEqual(len(BEATS["orders"]["beat"]["word"]["orders"]), 2)
        self.assertEqual(len(BEATS["passed-on"]["beat"]["through"]), 2)
        self.assertEqual({vector["key"] for vector in BEATS.values()}, set(KEYS))

    def test_rest_is_small(self) -> None:
        """A two-node beat at rest takes at most 160 bytes."""
        self.assertLessEqual(len(bytes.fromhex(BEATS["rest"]["frame"])), 160)

    def test_up_to_date(self) -> None:
        """The script that wrote the file writes it again, byte for byte."""
        self.assertEqual((DOCS / "vectors.json").read_text(), load_script("write_vectors").text())


class OtherVectorTests(SynchronousTestCase):
    """Refused frames, frames on a line, hashes and digests."""

    def test_refused(self) -> None:
        """Each is refused for the reason that stands beside it, and every reason is there."""
        reasons = set()
        for vector in GIVEN["refused"]:
            answer = codec().decode(bytes.fromhex(vector["frame"]))
            self.assertIsInstance(answer, Refusal, vector["about"])
            self.assertEqual(answer.value, vector["reason"], vector["about"])  # type: ignore[union-attr]
            reasons.add(vector["reason"])
        self.assertEqual(reasons, {reason.value for reason in Refusal})

    def test_refused_by_hand(self) -> None:
        """The document gives the same reasons; what is malformed is well signed all the same."""
        for vector in GIVEN["refused"]:
            answer = by_hand.open_frame(CLUSTER, KEYS, bytes.fromhex(vector["frame"]))
            if vector["reason"] == Refusal.MALFORMED.value:
                self.assertIsInstance(answer, bytes, vector["about"])
            else:
                self.assertEqual(answer, vector["reason"], vector["about"])

    def test_lines(self) -> None:
        """A frame on a line is what COBS makes of it, between zeros, in both directions."""
        for vector in GIVEN["lines"]:
            frame, line = bytes.fromhex(vector["frame"]), bytes.fromhex(vector["line"])
            self.assertEqual(enclose(frame), line, vector["about"])
            self.assertEqual(by_hand.write_line(frame), line, vector["about"])
            self.assertEqual(Deframer().feed(line), [frame], vector["about"])
            self.assertEqual(by_hand.read_line(line), [frame], vector["about"])

    @given(st.lists(st.sampled_from([b"\0", b"\x11", b"\xff" * 253, b"\xff" * 254]), min_size=1, max_size=4))
    def test_any_line(self, pieces: list[bytes]) -> None:
        """What the document says of COBS is what the code does, also where groups are full."""
        frame = b"".join(pieces)
        self.assertEqual(by_hand.write_line(frame), enclose(frame))
        self.assertEqual(by_hand.read_line(enclose(frame)), [frame])

    def test_hashes(self) -> None:
        """Names have the hashes that the document describes."""
        for name, expected in GIVEN["hashes"].items():
            self.assertEqual((by_hand.name_hash(name), wire.name_hash(name)), (expected, expected), name)

    def test_digests(self) -> None:
        """A status table has the digest that the document describes."""
        for vector in GIVEN["digests"]:
            self.assertEqual(
                by_hand.table_digest(vector["entries"], vector.get("orders", [])).hex(), vector["digest"]
            )


class DocumentTests(SynchronousTestCase):
    """What docs/beat.md says in numbers and words."""

    def test_sizes(self) -> None:
        """The header, the signature and the largest frame are as the document says."""
        _, begins, sizes, _ = zip(*table("beat.md", "## The frame"), strict=True)
        self.assertEqual(begins, ("0", "1", "2", str(HEADER), f"{HEADER} + body"))
        self.assertEqual(sizes, ("1", "1", str(HEADER - 2), "1 to 1178", str(SIGNATURE)))
        self.assertEqual(HEADER + 1178 + SIGNATURE, wire.MAX_FRAME)

    def test_flags(self) -> None:
        """The flags have the values that the document gives them, and there are no others."""
        for heading, names in (
            ("### Flags of a beat", ("PROBE", "GOODBYE", "LEAVING")),
            ("### Flags of a service", ("CLAIMS", "ASKS", "ABLE", "CLEAN", "STARTING", "STOPPING")),
        ):
            told = {row[1]: int(row[0]) for row in table("beat.md", heading)}
            self.assertEqual(told, {f"`{name.lower()}`": getattr(wire, name) for name in names})

    def test_fields(self) -> None:
        """Every field stands in the document in its place on the wire."""
        for heading, kind in (
            ("### The beat", wire.Beat),
            ("### An ack", wire.Ack),
            ("### The word", wire.Word),
            ("### A service", wire.ServiceWord),
            ("### An entry", wire.Entry),
            ("### An order", wire.Order),
        ):
            told = [row[0] for row in table("beat.md", heading)]
            self.assertEqual(told, [f"`{name}`" for name in kind.__struct_fields__], heading)

    def test_refusals(self) -> None:
        """Every reason of the codec stands in the document, in the order in which it looks for them."""
        told = [row[0] for row in table("beat.md", "## What is refused")]
        self.assertEqual(told[: len(Refusal)], [f"`{reason.value}`" for reason in Refusal])

    def test_more_elements(self) -> None:
        """Elements behind those that are known are ignored; the optional ones may be missing."""
        frame = bytes.fromhex(BEATS["rest"]["frame"])
        body = msgpack.decode(frame[HEADER:-SIGNATURE])
        links, services, digest, *_ = body[7]
        shorter = [service[:3] for service in services]
        for word, rest in (
            ([links, shorter, digest], []),
            ([links, shorter, digest, [], [], [], "later"], [[], "later"]),
        ):
            longer = msgpack.encode([*body[:7], word, *rest])
            answer = codec().decode(by_hand.seal_frame(CLUSTER, 1, KEYS[1], longer))
            self.assertEqual(answer, codec().decode(frame))

"""Frames read and written by what docs/beat.md says, and by nothing of heart's own.

Whoever changes this file to make a test pass has changed the format: change the document too.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from msgspec import msgpack  # to plain lists and numbers: any msgpack library does

BEAT = ("sender", "incarnation", "sequence", "flags", "sent", "asks", "acks", "word", "through")
ACK = ("peer", "incarnation", "sequence", "heard")
WORD = ("links", "services", "digest", "entries", "orders", "voters")
SERVICE = ("service", "term", "flags", "promised_term", "promised_to")
ENTRY = ("node", "incarnation", "version", "configuration", "software", "notes", "parts", "reads", "keys")
ORDER = ("kind", "subject", "value", "stamp", "author", "term")


def name_hash(name: str) -> int:
    """The short hash of a name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big")


def table_digest(entries: list[dict[str, Any]], orders: list[dict[str, Any]]) -> bytes:
    """The digest of a status table with these entries and these orders."""
    versions = [[entry["node"], entry["incarnation"], entry["version"]] for entry in entries]
    digest = blake2b(msgpack.encode(sorted(versions)), digest_size=8).digest()
    if not orders:
        return digest
    stamps = [[order[name] for name in ("kind", "subject", "stamp", "author")] for order in orders]
    return blake2b(
        digest + blake2b(msgpack.encode(sorted(stamps)), digest_size=8).digest(), digest_size=8
    ).digest()


def open_frame(cluster: str, keys: dict[int, bytes], frame: bytes) -> bytes | str:
    """The body of a frame whose signature holds, or the reason for which it is refused."""
    if not 23 <= len(frame) <= 1200:
        return "length"
    person = blake2b(cluster.encode(), digest_size=16).digest()
    if frame[0] != 1:
        return "version"
    if frame[2:6] != person[:4]:
        return "cluster"
    if frame[1] not in keys:
        return "key"
    if blake2b(frame[:-16], digest_size=16, key=keys[frame[1]], person=person).digest() != frame[-16:]:
        return "signature"
    return frame[6:-16]


def seal_frame(cluster: str, key_id: int, key: bytes, body: bytes) -> bytes:
    """The frame with this body."""
    person = blake2b(cluster.encode(), digest_size=16).digest()
    signed = bytes([1, key_id]) + person[:4] + body
    return signed + blake2b(signed, digest_size=16, key=key, person=person).digest()


def read_body(body: bytes) -> dict[str, Any]:
    """The beat in a body, by the names of its fields."""
    beat = dict(zip(BEAT, msgpack.decode(body), strict=True))
    beat["acks"] = [dict(zip(ACK, ack, strict=True)) for ack in beat["acks"]]
    word = beat["word"] = dict(zip(WORD, beat["word"], strict=True))
    word["digest"] = word["digest"].hex()
    word["services"] = [dict(zip(SERVICE, service, strict=True)) for service in word["services"]]
    word["entries"] = [dict(zip(ENTRY, entry, strict=True)) for entry in word["entries"]]
    for entry in word["entries"]:
        entry["parts"] = entry["parts"].hex()
    word["orders"] = [dict(zip(ORDER, order, strict=True)) for order in word["orders"]]
    return beat


def write_body(beat: dict[str, Any]) -> bytes:
    """The body of a beat that is given by the names of its fields."""
    word = beat["word"]
    plain_word = [
        word["links"],
        [[service[name] for name in SERVICE] for service in word["services"]],
        bytes.fromhex(word["digest"]),
        [_entry(entry) for entry in word["entries"]],
        [[order[name] for name in ORDER] for order in word["orders"]],
        word["voters"],
    ]
    acks = [[ack[name] for name in ACK] for ack in beat["acks"]]
    return msgpack.encode([*(beat[name] for name in BEAT[:6]), acks, plain_word, beat["through"]])


def _entry(entry: dict[str, Any]) -> list[Any]:
    return [bytes.fromhex(entry[name]) if name == "parts" else entry[name] for name in ENTRY]


def read_line(line: bytes) -> list[bytes]:
    """The frames on a serial line: COBS between zero bytes."""
    return [_unstuffed(piece) for piece in line.split(b"\0") if piece]


def write_line(frame: bytes) -> bytes:
    """A frame for a serial line: its parts between zeros, each behind its length, in groups of up to 254."""
    *parts, last = frame.split(b"\0")
    groups = [group for part in parts for group in _groups(part)]
    groups += _groups(last)[: 1 + max(0, len(last) - 1) // 254]  # without an empty one at the end
    return b"\0" + b"".join(bytes([len(group) + 1]) + group for group in groups) + b"\0"


def _groups(part: bytes) -> list[bytes]:
    return [part[start : start + 254] for start in range(0, len(part) + 1, 254)]


def _unstuffed(piece: bytes) -> bytes:
    frame = b""
    while piece:
        length = piece[0]
        frame += piece[1:length]
        piece = piece[length:]
        if length < 255 and piece:
            frame += b"\0"
    return frame

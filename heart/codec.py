"""Frames from beats and back: length, version, cluster, key, signature, and only then decoding.

A frame is, in this order (docs/beat.md):

    version 1 byte | key id 1 byte | cluster tag 4 bytes | msgpack body | signature 16 bytes

The signature is BLAKE2b (RFC 7693) keyed with the cluster's key, over all that stands before it,
personalised with the cluster's name; the tag is the first bytes of the same personalisation.
"""

from __future__ import annotations

from enum import Enum
from hashlib import blake2b
from hmac import compare_digest
from typing import final

from msgspec import MsgspecError, msgpack

from heart.beat import MAX_FRAME, VERSION, Beat
from heart.keys import Keys

SIGNATURE = 16
HEADER = 6
SMALLEST = HEADER + 1 + SIGNATURE


@final
class Refusal(Enum):
    """Why a frame was not taken in."""

    LENGTH = "length"
    VERSION = "version"
    CLUSTER = "cluster"
    KEY = "key"
    SIGNATURE = "signature"
    MALFORMED = "malformed"


class BeatTooLarge(ValueError):
    """The beat does not fit into a frame."""


_encode_body = msgpack.Encoder().encode
_decode_body = msgpack.Decoder(Beat).decode


def frame_size(beat: Beat) -> int:
    """How many bytes the frame of this beat has."""
    return HEADER + len(_encode_body(beat)) + SIGNATURE


class Codec:
    """Turns beats of one cluster into signed frames and signed frames into beats.

    `others` are the ids of keys, other than the one that signs here, that good frames were signed with.
    """

    def __init__(self, cluster: str, keys: Keys) -> None:
        person = blake2b(cluster.encode(), digest_size=16).digest()
        self._signers = {
            key_id: blake2b(digest_size=SIGNATURE, key=key, person=person)
            for key_id, key in keys.keys.items()
        }
        self._tag = person[:4]
        self._header = bytes((VERSION, keys.signing)) + self._tag
        self._signer = self._signers[keys.signing]
        self.others: set[int] = set()

    def encode(self, beat: Beat) -> bytes:
        """The frame that carries this beat. Raises BeatTooLarge where it would pass 1,200 bytes."""
        signed = self._header + _encode_body(beat)
        if len(signed) + SIGNATURE > MAX_FRAME:
            raise BeatTooLarge(f"a beat of {len(signed) + SIGNATURE} bytes")
        signer = self._signer.copy()
        signer.update(signed)
        return signed + signer.digest()

    def decode(self, frame: bytes) -> Beat | Refusal:
        """The beat that this frame carries, or why it is refused. Nothing unsigned is decoded."""
        if not SMALLEST <= len(frame) <= MAX_FRAME:
            return Refusal.LENGTH
        # Nearly every frame comes from this cluster with the key that signs: one look tells.
        known = self._signer if frame.startswith(self._header) else self._signer_of(frame)
        if type(known) is Refusal:  # six times faster than isinstance on an Enum, on the path of every beat
            return known
        signer = known.copy()
        signer.update(frame[:-SIGNATURE])
        if not compare_digest(signer.digest(), frame[-SIGNATURE:]):
            return Refusal.SIGNATURE
        if known is not self._signer:
            self.others.add(frame[1])
        try:
            return _decode_body(frame[HEADER:-SIGNATURE])
        except (MsgspecError, UnicodeDecodeError):
            return Refusal.MALFORMED

    def _signer_of(self, frame: bytes) -> blake2b | Refusal:
        """What signs with the key that this frame names, or why there is none."""
        if frame[0] != VERSION:
            return Refusal.VERSION
        if frame[2:HEADER] != self._tag:
            return Refusal.CLUSTER
        return self._signers.get(frame[1], Refusal.KEY)

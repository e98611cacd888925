"""The codec: what goes in comes out, and nothing else does."""

from __future__ import annotations

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack
from twisted.trial.unittest import SynchronousTestCase

from heart import codec
from heart.beat import ABLE, CLEAN, MAX_FRAME, REST_FRAME, Ack, Beat, Entry, ServiceWord, Word, name_hash
from heart.codec import HEADER, SIGNATURE, BeatTooLarge, Codec, Refusal, frame_size
from heart.keys import Keys
from tests.beats import KEYS, beats

BIG = 2_000_000_000


def at_rest() -> Beat:
    """A beat of two nodes on two links with one service, long after the start, with names of usual length."""
    word = Word(
        (name_hash("lan"), name_hash("cable")),
        (ServiceWord(name_hash("web"), BIG, ABLE | CLEAN),),
        bytes(8),
    )
    ack = Ack(name_hash("database-2"), BIG, BIG, (100_000, 0, 100_000, 1))
    return Beat("database-1", BIG, BIG, 0, (BIG, BIG), (), (ack,), word)


def signed(body: bytes, cluster: str = "web", key: bytes = KEYS.keys[1], head: bytes = b"\x01\x01") -> bytes:
    """A frame with this body and a good signature, made without the codec."""
    person = blake2b(cluster.encode(), digest_size=16).digest()
    frame = head + person[:4] + body
    return frame + blake2b(frame, digest_size=16, key=key, person=person).digest()


class CodecTests(SynchronousTestCase):
    """Frames of the cluster `web`."""

    def setUp(self) -> None:
        self.codec = Codec("web", KEYS)
        self.frame = self.codec.encode(at_rest())

    @given(beats)
    def test_round_trip(self, beat: Beat) -> None:
        """Whatever beat is encoded is what is decoded."""
        frame = self.codec.encode(beat)
        self.assertEqual(self.codec.decode(frame), beat)
        self.assertEqual(len(frame), frame_size(beat))

    def test_small_at_rest(self) -> None:
        """A two-node beat at rest takes 160 bytes at most, so that a line of 9,600 baud carries it."""
        self.assertLessEqual(len(self.frame), REST_FRAME)

    @given(st.integers(0, 159), st.integers(1, 255))
    def test_any_changed_byte(self, place: int, change: int) -> None:
        """A frame with any byte changed is refused."""
        place %= len(self.frame)
        changed = bytearray(self.frame)
        changed[place] ^= change
        self.assertIsInstance(self.codec.decode(bytes(changed)), Refusal)

    @given(st.binary(max_size=1400))
    def test_random_bytes(self, noise: bytes) -> None:
        """Noise is refused, and never raises."""
        self.assertIsInstance(self.codec.decode(noise), Refusal)

    def test_each_refusal(self) -> None:
        """Length, version, cluster, key, signature and content each have their own reason, in that order."""
        other_key = Codec("web", Keys({9: bytes(32)}, 9)).encode(at_rest())
        wrong_key = Codec("web", Keys({1: bytes(32)}, 1)).encode(at_rest())
        cases = {
            Refusal.LENGTH: (b"", self.frame[:22], self.frame + bytes(MAX_FRAME)),
            Refusal.VERSION: (b"\x02" + self.frame[1:], b"\x00" + self.frame[1:]),
            Refusal.CLUSTER: (Codec("other", KEYS).encode(at_rest()),),
            Refusal.KEY: (other_key,),
            Refusal.SIGNATURE: (wrong_key, self.frame[:-1], self.frame + b"\x00"),
            Refusal.MALFORMED: (
                signed(b"\xc1"),
                signed(msgpack.encode(["alpha", 1])),
                signed(msgpack.encode({"sender": "alpha"})),
                signed(self.codec.encode(at_rest())[HEADER:-SIGNATURE] + b"\x00"),
                signed(msgpack.encode(["alpha", 2**63, 1, 0, [], [], [], [[], [], b""]])),
                signed(msgpack.encode(["alpha", 1, 0, 0, [], [], [], [[], [], b""]])),
                signed(msgpack.encode([b"\xff", 1, 1, 0, [], [], [], [[], [], b""]])),
                signed(msgpack.encode(["alpha", 1, 1, 0, [], [], [], [[], [], "text"]])),
                signed(b"\x91" * 1000 + b"\x01"),
            ),
        }
        for reason, frames in cases.items():
            for frame in frames:
                self.assertIs(self.codec.decode(frame), reason, frame[:40])

    def test_made_by_hand(self) -> None:
        """A frame made from the description alone is taken."""
        body = msgpack.encode(["alpha", 1, 1, 0, [1], [], [], [[5], [], b"digest"]])
        expected = Beat("alpha", 1, 1, 0, (1,), (), (), Word((5,), (), b"digest"))
        self.assertEqual(self.codec.decode(signed(body)), expected)

    def test_every_key_verifies(self) -> None:
        """What any key of the file has signed is taken, so that keys can be rotated; the first signs."""
        other = Codec("web", Keys(KEYS.keys, 7))
        self.assertEqual(self.codec.decode(other.encode(at_rest())), at_rest())
        self.assertEqual((self.frame[1], other.encode(at_rest())[1]), (1, 7))

    def test_nothing_unsigned_is_decoded(self) -> None:
        """The decoder is not asked before the signature holds."""
        touched: list[bytes] = []
        self.patch(codec, "_decode_body", touched.append)
        for place in range(HEADER, len(self.frame)):
            changed = bytearray(self.frame)
            changed[place] ^= 1
            self.codec.decode(bytes(changed))
        self.assertEqual(touched, [])
        self.codec.decode(self.frame)
        self.assertEqual(len(touched), 1)

    def test_too_large(self) -> None:
        """A beat that does not fit into 1,200 bytes is never sent in part."""
        crowd = tuple(Entry(f"node-{i}", 1, 1, "c" * 16, "0.1.0") for i in range(40))
        with self.assertRaises(BeatTooLarge):
            self.codec.encode(Beat("alpha", 1, 1, 0, (), (), (), Word((), (), b"", crowd)))

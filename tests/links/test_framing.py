"""Tests of heart.links.framing."""

from __future__ import annotations

from itertools import pairwise

from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import MAX_FRAME
from heart.links.framing import GREATEST_ENCODED, Deframer, enclose

frames = st.binary(min_size=1, max_size=MAX_FRAME)
short_frames = st.binary(min_size=1, max_size=40)


def _is_frame(piece: bytes) -> bool:
    try:
        return 0 < len(cobs.decode(piece)) <= MAX_FRAME
    except cobs.DecodeError:
        return False


def _is_noise(data: bytes) -> bool:
    """Whether no part of it would be taken for a frame by anyone."""
    return not any(_is_frame(piece) for piece in data.split(b"\0") if piece)


noise = st.binary(max_size=60).filter(_is_noise)


def _feed(deframer: Deframer, data: bytes, cuts: list[int]) -> list[bytes]:
    """Feed data in pieces that end at those places."""
    found = []
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for begin, end in pairwise(places):
        found += deframer.feed(data[begin:end])
    return found


class EncloseTests(SynchronousTestCase):
    """What is sent."""

    @given(frames)
    def test_zeros_outside_only(self, frame: bytes) -> None:
        """A frame is sent between two zero bytes, holds none, and keeps its bound."""
        sent = enclose(frame)
        self.assertEqual((sent[0], sent[-1]), (0, 0))
        self.assertNotIn(0, sent[1:-1])
        self.assertLessEqual(len(sent), GREATEST_ENCODED + 2)

    def test_bound_is_exact(self) -> None:
        """The greatest frame without a zero takes exactly GREATEST_ENCODED bytes."""
        self.assertEqual(len(enclose(b"\xff" * MAX_FRAME)), GREATEST_ENCODED + 2)


class DeframerTests(SynchronousTestCase):
    """What is received."""

    @given(
        st.lists(st.one_of(st.tuples(st.just(True), short_frames), st.tuples(st.just(False), noise))),
        st.lists(st.integers(min_value=0, max_value=10_000), max_size=30),
    )
    def test_noise_between_frames(self, parts: list[tuple[bool, bytes]], cuts: list[int]) -> None:
        """However the line is cut up, and whatever noise stands between frames, the frames come out."""
        line = b"".join(enclose(part) if whole else part for whole, part in parts)
        # Two bursts side by side are one burst, and may happen to be a frame.
        bursts = [piece for piece in line.split(b"\0")[:-1] if piece]  # the last has not ended
        expected = [cobs.decode(piece) for piece in bursts if _is_frame(piece)]
        sent = [part for whole, part in parts if whole]
        found = _feed(Deframer(), line, cuts)
        self.assertEqual(found, expected)
        remaining = iter(found)
        self.assertTrue(all(frame in remaining for frame in sent), (sent, found))

    @given(short_frames, st.lists(st.tuples(noise, short_frames), min_size=1), st.lists(st.integers(0, 9999)))
    def test_exactly_the_frames(self, first: bytes, rest: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
        """Single bursts of noise between frames add nothing, and each damaged piece is counted."""
        line = enclose(first) + b"".join(burst + enclose(frame) for burst, frame in rest)
        deframer = Deframer()
        self.assertEqual(_feed(deframer, line, cuts), [first, *(frame for _, frame in rest)])
        pieces = sum(1 for burst, _ in rest for piece in burst.split(b"\0") if piece)
        self.assertEqual(deframer.damaged, pieces)

    @given(st.lists(frames, min_size=2, max_size=4), st.data())
    @settings(max_examples=50)
    def test_damage_costs_one_frame(self, sent: list[bytes], data: st.DataObject) -> None:
        """Bytes lost out of one frame cost at most that one."""
        hit = data.draw(st.integers(0, len(sent) - 1))
        encoded = [enclose(frame) for frame in sent]
        place = data.draw(st.integers(1, len(encoded[hit]) - 2))
        encoded[hit] = encoded[hit][:place] + encoded[hit][place + 1 :]
        found = Deframer().feed(b"".join(encoded))
        others = sent[:hit] + sent[hit + 1 :]
        remaining = iter(found)
        self.assertTrue(all(frame in remaining for frame in others))
        self.assertLessEqual(len(found), len(sent))

    @given(st.lists(st.binary(max_size=3000), max_size=8))
    def test_any_bytes(self, chunks: list[bytes]) -> None:
        """No bytes make it raise, or hold more than one encoded frame, or give an impossible frame."""
        deframer = Deframer()
        for chunk in chunks:
            for frame in deframer.feed(chunk):
                self.assertTrue(0 < len(frame) <= MAX_FRAME)
            self.assertLessEqual(deframer.held(), GREATEST_ENCODED)

    def test_overlong_run(self) -> None:
        """A run without a zero is dropped and counted once, however long; the next frame is whole."""
        deframer = Deframer()
        for _ in range(1000):
            self.assertEqual(deframer.feed(b"\x55" * 997), [])
            self.assertLessEqual(deframer.held(), GREATEST_ENCODED)
        self.assertEqual(deframer.damaged, 1)
        self.assertEqual(deframer.feed(enclose(b"beat")), [b"beat"])
        self.assertEqual(deframer.damaged, 1)

    def test_one_byte_too_long(self) -> None:
        """What decodes to one byte more than a frame may have is damaged."""
        deframer = Deframer()
        self.assertEqual(deframer.feed(enclose(b"\0" * (MAX_FRAME + 1))), [])
        self.assertEqual(deframer.damaged, 1)

    def test_empty_frame(self) -> None:
        """An empty frame is none."""
        deframer = Deframer()
        self.assertEqual(deframer.feed(enclose(b"")), [])
        self.assertEqual(deframer.damaged, 1)

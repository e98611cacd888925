"""The frames of a simulated cluster: the real codec, which need not read the same bytes twice."""

from __future__ import annotations

from heart.beat import Beat
from heart.codec import Codec, Refusal

KEPT = 512  # frames whose meaning is remembered


class Frames:
    """Encodes and decodes. A frame goes over several links to several nodes, and means the same to all."""

    def __init__(self, codec: Codec) -> None:
        self.encode = codec.encode
        self._decode = codec.decode
        self._known: dict[bytes, Beat | Refusal] = {}

    def decode(self, frame: bytes) -> Beat | Refusal:
        """What a frame says, or why it is refused."""
        meaning = self._known.get(frame)
        if meaning is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            meaning = self._known[frame] = self._decode(frame)
        return meaning

"""Frames on a line of bytes: COBS between zero bytes.

Consistent Overhead Byte Stuffing (Cheshire and Baker, SIGCOMM 1997) takes the zero bytes out of a
frame, so that a zero byte can only be the border of one. A zero stands on both sides of each frame:
noise before a frame ends at the frame's first zero and costs only itself.
"""

from __future__ import annotations

from cobs import cobs

from heart.beat import MAX_FRAME

GREATEST_ENCODED = MAX_FRAME + MAX_FRAME // 254 + 1
"""The most bytes that stand between two zeros: COBS adds one byte for every 254 begun."""

_BORDER = b"\0"


def enclose(frame: bytes) -> bytes:
    """Encode one frame for a line, with a zero byte on both sides."""
    return _BORDER + bytes(cobs.encode(frame)) + _BORDER


class Deframer:
    """Takes bytes as they come from a line and gives the whole frames among them.

    It never raises and never holds more than GREATEST_ENCODED bytes, whatever comes in. `damaged`
    counts the pieces that were no frame: undecodable, or longer than a frame can be.
    """

    __slots__ = ("_begun", "_overlong", "damaged")

    def __init__(self) -> None:
        self.damaged = 0
        self._begun = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the line; give the frames that they complete, in order."""
        first, *rest = data.split(_BORDER)
        self._extend(first)
        frames = []
        for piece in rest:
            frame = self._finish()
            if frame is not None:
                frames.append(frame)
            self._extend(piece)
        return frames

    def held(self) -> int:
        """How many bytes of a frame that is not yet complete are held."""
        return len(self._begun)

    def _extend(self, piece: bytes) -> None:
        if self._overlong or not piece:
            return
        if len(self._begun) + len(piece) > GREATEST_ENCODED:
            self._begun.clear()
            self._overlong = True
            self.damaged += 1
        else:
            self._begun += piece

    def _finish(self) -> bytes | None:
        """End the piece at a zero byte; what it held, if that was a frame."""
        self._overlong = False
        if not self._begun:
            return None
        frame = _decode(bytes(self._begun))
        self._begun.clear()
        if frame is None:
            self.damaged += 1
        return frame


def _decode(piece: bytes) -> bytes | None:
    """Decode one piece; None if no frame gives it. An empty frame is none: nobody sends one."""
    try:
        frame = bytes(cobs.decode(piece))
    except cobs.DecodeError:
        return None
    return frame if 0 < len(frame) <= MAX_FRAME else None

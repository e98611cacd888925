"""What somebody on the same wire can do: listen, send again, forge, and flood."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import blake2b
from random import Random

from heart.beat import ABLE, CLAIMS, GOODBYE, GOODBYE_SEQUENCE, Beat, ServiceWord, Word, name_hash
from heart.codec import HEADER, SIGNATURE, Codec
from heart.keys import Keys

CLUSTER = "web"
BATCH = 500
PAUSE = 0.01  # seconds between two batches
LONGEST = 1300  # bytes, more than any frame may have


class Stranger:
    """Somebody with a machine on the LAN, and with the cluster's key where a forgery needs one."""

    def __init__(self, made: socket.socket, target: tuple[str, int], keys: Keys) -> None:
        self._socket = made
        self._target = target
        self.keys = keys
        self.codec = Codec(CLUSTER, keys)

    def listen(self, sender: str, count: int, seconds: float = 10) -> list[bytes]:
        """The next frames that a node broadcasts, without its goodbyes; fewer where it is silent."""
        heard: list[bytes] = []
        deadline = time.monotonic() + seconds
        while len(heard) < count and (left := deadline - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                continue
            frame = self._socket.recv(2048)
            beat = self.codec.decode(frame)
            if isinstance(beat, Beat) and beat.sender == sender and not beat.flags & GOODBYE:
                heard.append(frame)
        return heard

    def send(self, frames: Sequence[bytes]) -> None:
        """Broadcast frames."""
        for frame in frames:
            with suppress(OSError):  # a full queue, or one of our own cables is out
                self._socket.sendto(frame, self._target)

    def flood(self, frames: Sequence[bytes], total: int, between: Callable[[], None]) -> None:
        """Broadcast so many frames in batches, the same ones over and over."""
        sent = 0
        while sent < total:
            start = sent % len(frames)
            batch = frames[start : start + min(BATCH, total - sent)]
            self.send(batch)
            sent += len(batch)
            between()
            time.sleep(PAUSE)

    def close(self) -> None:
        """Go away."""
        self._socket.close()


def forge(sender: str, *, flags: int = 0, sequence: int = 10**9) -> Beat:
    """A beat that nobody has sent, from the future, in which its sender claims the service."""
    claim = ServiceWord(name_hash("web"), 2**40, CLAIMS | ABLE)
    return Beat(sender, 2**33, sequence, flags, (1,), (), (), Word((name_hash("lan"),), (claim,), b"\0" * 8))


def goodbye(sender: str) -> Beat:
    """A goodbye that nobody has said."""
    return forge(sender, flags=GOODBYE, sequence=GOODBYE_SEQUENCE)


def signed_garbage(keys: Keys, body: bytes) -> bytes:
    """A frame with that body, rightly signed (docs/beat.md)."""
    key = keys.keys[keys.signing]
    person = blake2b(CLUSTER.encode(), digest_size=16).digest()
    header = Codec(CLUSTER, keys).encode(forge("alpha"))[:HEADER]
    signature = blake2b(header + body, digest_size=SIGNATURE, key=key, person=person).digest()
    return header + body + signature


def flip(frame: bytes, random: Random) -> bytes:
    """The frame with one bit turned over."""
    place = random.randrange(8 * len(frame))
    spoilt = bytearray(frame)
    spoilt[place // 8] ^= 1 << place % 8
    return bytes(spoilt)


def rubbish(frames: Sequence[bytes], count: int, random: Random) -> list[bytes]:
    """Frames to be refused, of all kinds: replayed, spoilt, cut short, and of random bytes."""
    makers: Sequence[Callable[[bytes], bytes]] = (
        bytes,
        lambda frame: flip(frame, random),
        lambda frame: frame[: random.randrange(len(frame))],
        lambda frame: random.randbytes(random.randrange(1, LONGEST)),
        lambda frame: frame[:HEADER] + random.randbytes(random.randrange(20, 200)),
    )
    return [makers[number % len(makers)](random.choice(frames)) for number in range(count)]

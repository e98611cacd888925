"""What takes datagrams in: a bare protocol of Twisted, Heart's link alone, and a whole node of Heart.

Each has a socket of its own on one reactor, and counts what it has taken in.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.protocol import DatagramProtocol

from bench.figures import Unmeasured
from heart.arbiters.trust import Trust
from heart.beat import ABLE, CLAIMS, Ack, Beat, Entry, ServiceWord, Word, name_hash
from heart.codec import Codec
from heart.config.model import Arbiter, Configuration, Node, Paths, Reach, Service, UdpLink
from heart.config.timing import DEFAULT
from heart.core import inputs
from heart.core.cluster import Core
from heart.keys import Keys
from heart.links import make_link
from heart.node.clocks import machine_clocks
from heart.node.driver import Driver
from heart.node.hands import Hands
from heart.node.memory import Remembered
from heart.node.settings import core_settings
from heart.node.threads import make_threads

LOCAL = "127.0.0.1"
NAMES = ("alpha", "beta")
LIFE = 1_700_000_000  # an incarnation and a term of realistic size
PATIENCE = 10.0  # seconds in which what was sent must have been taken in


class Contestant(Protocol):
    """Takes in the datagrams that are sent to `port`; the reactor must be turned for that."""

    port: int

    def taken(self) -> int:
        """How many datagrams it has taken in since the start."""


class Bare(DatagramProtocol):
    """The least that a program on Twisted can do with a datagram: count it."""

    def __init__(self, reactor: Any) -> None:
        self._count = 0
        self.port: int = reactor.listenUDP(0, self).getHost().port

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Count it."""
        self._count += 1

    def taken(self) -> int:
        """How many came."""
        return self._count


class LinkAlone:
    """Heart's link with a user that counts frames."""

    def __init__(self, reactor: Any) -> None:
        self.port = free_port()
        self._count = 0
        self._link = make_link(_link(self.port), reactor, make_threads("link", 1))
        self._link.start(self)

    def frames_received(self, link: str, frames: Sequence[bytes]) -> None:
        """Count them."""
        self._count += len(frames)

    def link_up(self, link: str) -> None:
        """Nothing is sent here."""

    def link_down(self, link: str, reason: str) -> None:
        """The frames that are missing from then on are missed in the count."""

    def taken(self) -> int:
        """How many came."""
        return self._count


class WholeNode:
    """The node alpha: link, codec, driver and core as the daemon wires them, without the daemon.

    `folder` is where it keeps its state.
    """

    def __init__(self, reactor: Any, folder: Path, keys: Keys) -> None:
        self.port = free_port()
        self._reactor = reactor
        configuration = _configuration(folder, self.port)
        self._hands = Hands(configuration, Remembered(), reactor)
        clocks = machine_clocks()
        self.core = Core(
            core_settings(configuration, keys),
            clocks.awake(),
            clocks.boot(),
            incarnation=LIFE,
            seconds=LIFE,
            terms={},
            records={},
        )
        self.codec = Codec(configuration.cluster, keys)
        self.driver = Driver(
            self.core,
            self.codec,
            reactor,
            clocks,
            self._hands,
            Trust(),
            finished=_missed_in_the_count,
            broken=_missed_in_the_count,
        )
        self.driver.give(inputs.Tick())
        self._link = self._hands.links["lan"]
        self._link.start(self.driver)

    def taken(self) -> int:
        """How many beats of beta the core has accepted as new."""
        return self.core.state.peers["beta"].sequence

    def speak(self) -> None:
        """Send a beat now, that beta's next one may acknowledge it; what comes back of it is taken in."""
        self.core.state.speak_now = True
        self.driver.give(inputs.Tick())
        self._link.drain()

    def check(self, sent: int) -> None:
        """Raise Unmeasured unless every one of the beats that were sent was accepted, and beta is alive."""
        beta = self.core.state.peers["beta"]
        refused = sum(self.core.ear.refused["lan"].values())
        accepted = (beta.sequence, beta.on["lan"].received)
        if accepted != (sent, sent) or refused or beta.life.value != "up":
            told = f"{accepted[1]} were accepted, {refused} refused, and beta is {beta.life.value}"
            raise Unmeasured(f"of {sent} beats {told}")

    def end(self) -> None:
        """Act no more, and see the last word of the state written."""
        self.driver.stop()
        self._link.stop()
        written = self._hands.memory.written()
        turn_until(self._reactor, lambda: bool(written.called), "the state is not written")


class Beta:
    """Beta as it speaks while nothing happens: it holds the service, and hears every beat of alpha."""

    def __init__(self, alpha: WholeNode, keys: Keys) -> None:
        self._alpha = alpha
        self._codec = Codec("bench", keys)
        self.sequence = 0

    def next_frame(self) -> bytes:
        """Its next beat, signed, which acknowledges a beat of alpha that was sent just before."""
        self._alpha.speak()
        self.sequence += 1
        core = self._alpha.core
        ack = Ack(name_hash("alpha"), core.incarnation, core.state.voice.sequence, (700, 0))
        beat = Beat("beta", LIFE, self.sequence, 0, (self.sequence,), (), (ack,), self._word())
        return self._codec.encode(beat)

    def _word(self) -> Word:
        """The first beat introduces beta; from then on the status tables are equal."""
        web = ServiceWord(name_hash("web"), LIFE, CLAIMS | ABLE)
        entries = (Entry("beta", LIFE, 1, "0" * 16, "bench"),) if self.sequence == 1 else ()
        return Word((name_hash("lan"),), (web,), self._alpha.core.state.table.digest, entries)


def free_port() -> int:
    """A UDP port that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def turn_until(reactor: Any, done: Any, otherwise: str) -> None:
    """Turn the reactor until something is done. Raises Unmeasured where it is not done in time."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        reactor.iterate(0)
        if time.monotonic() > deadline:
            raise Unmeasured(f"{otherwise} (waited {PATIENCE:g} s)")


def _missed_in_the_count() -> None:
    """A core that ended by itself accepts no more beats."""


def _link(port: int) -> UdpLink:
    return UdpLink("lan", NAMES, port, broadcast="127.255.255.255")


def _configuration(folder: Path, port: int) -> Configuration:
    return Configuration(
        file=folder / "heart.toml",
        cluster="bench",
        node="alpha",
        key_file=folder / "heart.key",
        timing=DEFAULT,
        nodes=tuple(Node(name) for name in NAMES),
        links=(_link(port),),
        services=(Service("web", NAMES, stop=0.3, resources=()),),
        arbiter=Arbiter(),
        events=None,
        paths=Paths(folder, folder),
        digest="0" * 16,
        reach=(Reach("lan", NAMES),),
    )

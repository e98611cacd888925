"""Tests of heart.links.peers and heart.links.names."""

from __future__ import annotations

import errno
import socket
from typing import Any, ClassVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from heart.config.model import PeerAddress
from heart.config.model import UdpLink as Settings
from heart.interfaces import ILink
from heart.links import datagrams, peers
from heart.links.datagrams import Address
from heart.links.names import Unknown, look_up, numeric
from heart.links.peers import PeersLink, open_peers_socket
from tests.links.behaviours import LinkBehaviours
from tests.links.namespaced import NamespaceCase
from tests.links.wires import LinkTestCase, Notes, free_port, reactor

BETA = PeerAddress("beta", "127.0.0.1", 9)
GAMMA = PeerAddress("gamma", "::1", 9)
NAMED = PeerAddress("delta", "delta.example.net", 9)


def settings(port: int, *to: PeerAddress) -> Settings:
    """A link of that port to those peers."""
    return Settings("wan", ("alpha", *(peer.node for peer in to)), port, peers=to)


class RealPeersTests(LinkBehaviours, LinkTestCase):
    """The real link between two ports of this machine, in IPv4."""

    host = "127.0.0.1"

    def make_pair(self) -> tuple[ILink, ILink]:
        one, two = free_port(), free_port()
        return (
            PeersLink(settings(one, PeerAddress("b", self.host, two)), reactor, self.in_thread),
            PeersLink(settings(two, PeerAddress("a", self.host, one)), reactor, self.in_thread),
        )

    def make_dead(self) -> tuple[ILink, str]:
        def find(host: str, port: int) -> Address:
            raise Unknown("no such name")

        return PeersLink(settings(free_port(), NAMED), reactor, self.in_thread, find), "delta.example.net"


class RealIpv6PeersTests(RealPeersTests):
    """The same in IPv6."""

    host = "::1"


class FaultySocket(socket.socket):
    """A real socket, in which sending fails to some, as told by the class, and else only is written down."""

    errors: ClassVar[dict[str, int]] = {}
    receive_error: ClassVar[int | None] = None
    sent: ClassVar[list[tuple[bytes, Address]]] = []

    def sendto(self, *args: Any) -> int:
        """Write it down, or fail."""
        frame, address = args
        if number := FaultySocket.errors.get(address[0]):
            raise OSError(number, "injected")
        FaultySocket.sent.append((frame, address))
        return len(frame)

    def recv(self, *args: Any) -> bytes:
        """Receive, or fail."""
        if FaultySocket.receive_error is not None:
            raise OSError(FaultySocket.receive_error, "injected")
        return super().recv(*args)


class FaultTests(SynchronousTestCase):
    """A link on a clock, with a socket and a name server that fail on demand."""

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.notes = Notes()
        self.port = free_port()
        self.known: dict[str, Address] = {}
        self.asked: list[str] = []
        self.answer: Deferred[None] = succeed(None)
        for name, value in (("errors", {}), ("sent", []), ("receive_error", None)):
            self.patch(FaultySocket, name, value)
        self.patch(peers, "open_peers_socket", self._open)

    def _open(self, port: int) -> socket.socket:
        real = open_peers_socket(port)
        return FaultySocket(real.family, real.type, 0, fileno=real.detach())

    def _look_up(self, host: str, port: int) -> Address:
        self.asked.append(host)
        if host not in self.known:
            raise Unknown("no such name")
        return self.known[host]

    def _in_thread(self, work: Any, /, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Work when `answer` fires."""
        done: Deferred[Any] = Deferred()
        self.answer.addCallback(lambda _: work(*args, **kwargs)).addBoth(
            lambda result: done.errback(result) if isinstance(result, Failure) else done.callback(result)
        )
        return done

    def _start(self, *to: PeerAddress) -> PeersLink:
        link = PeersLink(settings(self.port, *to), self.reactor, self._in_thread, self._look_up)
        link.start(self.notes)
        self.addCleanup(link.stop)
        FaultySocket.sent.clear()
        return link

    def _sent_to(self) -> list[str]:
        """To whom frames went since this was last asked."""
        to = [address[0] for frame, address in FaultySocket.sent if frame]
        FaultySocket.sent.clear()
        return to

    def test_interface(self) -> None:
        """It provides ILink."""
        verifyObject(ILink, self._start(BETA))

    def test_each_gets_a_copy(self) -> None:
        """A frame goes to each peer, at its own port, whatever its family; a guard is told the same."""
        link = self._start(BETA, GAMMA)
        self.assertTrue(link.send(b"beat"))
        expected = (("::ffff:127.0.0.1", 9, 0, 0), ("::1", 9, 0, 0))
        self.assertEqual([address for _, address in FaultySocket.sent], list(expected))
        self.assertEqual(link.targets, expected)

    def test_one_unreachable(self) -> None:
        """A failing send to one peer keeps the frame from no other; it is logged once, the link stays up."""
        FaultySocket.errors["::ffff:127.0.0.1"] = errno.ENETUNREACH
        link = self._start(BETA, GAMMA)
        for _ in range(3):
            self.assertTrue(link.send(b"beat"))
        self.assertEqual(self._sent_to(), ["::1"] * 3)
        self.assertEqual((self.notes.told, link.skipped), ([("up", "")], 0))
        self.assertEqual(len(link._logged), 1)

    def test_all_unreachable(self) -> None:
        """It is down when no send works, with every peer's reason, and up again when one does."""
        link = self._start(BETA, GAMMA)
        FaultySocket.errors.update({"::ffff:127.0.0.1": errno.ENETUNREACH, "::1": errno.EPERM})
        self.assertFalse(link.send(b"beat"))
        self.assertFalse(link.send(b"beat"))
        self.assertIsNone(link.descriptor())
        reason = (
            "beta (127.0.0.1 port 9): Network is unreachable; gamma (::1 port 9): Operation not permitted"
        )
        self.assertEqual(self.notes.told, [("up", ""), ("down", reason)])
        self.assertEqual(link.skipped, 2)
        for _ in range(8):
            self.reactor.advance(0.25)
        self.assertFalse(self.notes.up)
        del FaultySocket.errors["::1"]
        for _ in range(4):
            self.reactor.advance(0.25)
        self.assertTrue(self.notes.up)
        self.assertTrue(link.send(b"beat"))
        self.assertEqual(len(self.notes.reasons), 1)

    def test_many_unreachable(self) -> None:
        """Of many peers the reason names the first three, and counts the others."""
        FaultySocket.errors["::ffff:127.0.0.1"] = errno.ENETUNREACH
        self._start(*(PeerAddress(f"n{n}", "127.0.0.1", n) for n in range(1, 6)))
        self.assertTrue(
            self.notes.reasons[0].endswith("n3 (127.0.0.1 port 3): Network is unreachable; and 2 more")
        )

    def test_full_or_refused_is_not_down(self) -> None:
        """No room now, or a refusal by ICMP: the frame is skipped, and the link stays up."""
        link = self._start(BETA)
        for error in (errno.EAGAIN, errno.ENOBUFS, errno.ECONNREFUSED):
            FaultySocket.errors["::ffff:127.0.0.1"] = error
            self.assertFalse(link.send(b"beat"))
        self.assertEqual((self.notes.told, link.skipped), ([("up", "")], 3))

    def test_full_at_the_start(self) -> None:
        """A way out that is full when the link starts is tried again."""
        FaultySocket.errors["::ffff:127.0.0.1"] = errno.ENOBUFS
        self._start(BETA)
        self.assertEqual(self.notes.told, [])
        FaultySocket.errors.clear()
        self.reactor.advance(0.25)
        self.assertTrue(self.notes.up)

    def test_refusal_on_the_way_in(self) -> None:
        """A refusal that is reported by a receive costs nothing: the socket goes on."""
        link = self._start(BETA)
        FaultySocket.receive_error = errno.ECONNREFUSED
        (reader,) = self.reactor.getReaders()
        self.assertIsNone(reader.doRead())
        self.assertTrue(link.send(b"beat"))

    def test_receive_error(self) -> None:
        """A socket that breaks is told with its port, and a fresh one takes its place."""
        self._start(BETA)
        (reader,) = self.reactor.getReaders()
        FaultySocket.receive_error = errno.ENETDOWN
        reader.connectionLost(Failure(reader.doRead()))
        self.assertEqual(self.notes.reasons, [f"port {self.port}: Network is down"])
        self.assertEqual(self.reactor.getReaders(), [])
        self.reactor.advance(0.25)
        self.assertTrue(self.notes.up)
        self.assertEqual(len(self.reactor.getReaders()), 1)

    def test_name_found_later(self) -> None:
        """Frames go to those who are known while a name is not; it is asked for with backoff, then served."""
        link = self._start(BETA, NAMED)
        self.assertTrue(self.notes.up)
        times = []
        for _ in range(80):
            before = len(self.asked)
            self.reactor.advance(0.25)
            if len(self.asked) != before:
                times.append(self.reactor.seconds())
        self.assertEqual(times, [0.25, 0.75, 1.75, 3.75, 7.75, 12.75, 17.75])
        link.send(b"beat")
        self.assertEqual(self._sent_to(), ["::ffff:127.0.0.1"])
        self.known["delta.example.net"] = ("10.0.0.4", 9)
        self.reactor.advance(5)
        link.send(b"beat")
        self.assertEqual(self._sent_to(), ["::ffff:127.0.0.1", "::ffff:10.0.0.4"])
        self.assertEqual(self.notes.told, [("up", "")])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_no_name_known(self) -> None:
        """With no address known it is down and says whose; it is up as soon as one is found."""
        link = self._start(NAMED)
        self.assertEqual(self.notes.reasons, ["delta (delta.example.net port 9): no such name"])
        self.assertFalse(link.send(b"beat"))
        self.known["delta.example.net"] = ("10.0.0.4", 9)
        self.reactor.advance(0.25)
        self.assertTrue(self.notes.up)

    def test_name_server_stalls(self) -> None:
        """While a name server stalls, frames go to those who are known, and no second question is asked."""
        self.answer = Deferred()
        link = self._start(NAMED, BETA)
        self.assertTrue(self.notes.up)
        self.reactor.advance(60)
        self.assertTrue(link.send(b"beat"))
        self.assertEqual((self.asked, self._sent_to()), ([], ["::ffff:127.0.0.1"]))
        self.known["delta.example.net"] = ("fd00::4", 9, 0, 0)
        self.answer.callback(None)
        link.send(b"beat")
        self.assertEqual(
            (self.asked, self._sent_to()), (["delta.example.net"], ["fd00::4", "::ffff:127.0.0.1"])
        )

    def test_stop_while_a_name_server_stalls(self) -> None:
        """Stop does not wait for a name server; what it says then is not used."""
        self.answer = Deferred()
        link = self._start(NAMED)
        self.successResultOf(link.stop())
        self.known["delta.example.net"] = ("10.0.0.4", 9)
        self.answer.callback(None)
        self.assertEqual((self.notes.told, link.targets), ([], ()))
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertEqual(self.reactor.getReaders(), [])

    def test_moved(self) -> None:
        """While no send works names are asked for anew: a peer that has moved is found."""
        self.known["delta.example.net"] = ("10.0.0.4", 9)
        link = self._start(NAMED)
        FaultySocket.errors["::ffff:10.0.0.4"] = errno.EHOSTUNREACH
        link.send(b"beat")
        self.known["delta.example.net"] = ("10.0.0.5", 9)
        self.reactor.advance(0.25)
        self.assertTrue(self.notes.up)
        link.send(b"beat")
        self.assertEqual(self._sent_to(), ["::ffff:10.0.0.5"])

    def test_look_up_again(self) -> None:
        """When told to, names are looked up anew while frames go on, also where none is found."""
        self.known["delta.example.net"] = ("10.0.0.4", 9)
        link = self._start(NAMED)
        self.known["delta.example.net"] = ("10.0.0.5", 9)
        self.answer = Deferred()
        link.look_up_again()
        link.send(b"beat")
        self.assertEqual(self._sent_to(), ["::ffff:10.0.0.4"])
        self.answer.callback(None)
        link.send(b"beat")
        self.assertEqual(self._sent_to(), ["::ffff:10.0.0.5"])
        self.known.clear()
        link.look_up_again()
        link.send(b"beat")
        self.assertEqual((self._sent_to(), self.notes.reasons), (["::ffff:10.0.0.5"], []))

    def test_known_stays_known(self) -> None:
        """An address that was found once is used while its name cannot be looked up."""
        self.known["delta.example.net"] = ("10.0.0.4", 9)
        link = self._start(NAMED)
        FaultySocket.errors["::ffff:10.0.0.4"] = errno.ENETUNREACH
        link.send(b"beat")
        self.known.clear()
        self.reactor.advance(0.25)
        FaultySocket.errors.clear()
        self.reactor.advance(0.5)
        self.assertTrue(self.notes.up)
        self.assertEqual(len(self.notes.reasons), 1)

    def test_unexpected_fault(self) -> None:
        """Whatever goes wrong with a name is a reason, and is tried again."""
        self.patch(self, "_look_up", self._raise)
        self._start(NAMED)
        self.assertEqual(self.notes.reasons, ["delta (delta.example.net port 9): surprise"])
        self.assertTrue(self.reactor.getDelayedCalls())

    def _raise(self, host: str, port: int) -> Address:
        raise ValueError("surprise")

    def test_port_taken(self) -> None:
        """A port that another socket has is told and tried again, even where both would share it."""
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("", self.port))
        self._start(BETA)
        self.assertEqual(self.notes.reasons, [f"port {self.port}: Address already in use"])
        taken.close()
        self.reactor.advance(0.25)
        self.assertTrue(self.notes.up)

    def test_port_forbidden(self) -> None:
        """A port for which the permission lacks is told with what to do."""

        def forbid(port: int) -> socket.socket:
            raise PermissionError(errno.EACCES, "Permission denied")

        self.patch(peers, "open_peers_socket", forbid)
        self._start(BETA)
        self.assertIn("needs root or CAP_NET_BIND_SERVICE", self.notes.reasons[0])

    def test_stop_by_the_user(self) -> None:
        """A user may stop the link when it is told that it is down; nothing is tried any more."""
        link = self._start(BETA)
        self.patch(self.notes, "link_down", lambda name, reason: self.successResultOf(link.stop()))
        FaultySocket.errors["::ffff:127.0.0.1"] = errno.EPERM
        self.assertFalse(link.send(b"beat"))
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertEqual(self.reactor.getReaders(), [])

    def _without_ipv6(self) -> None:
        making = datagrams.datagram_socket

        def make(family: int) -> socket.socket:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "injected")
            return making(family)

        self.patch(peers, "datagram_socket", make)

    def test_system_without_ipv6(self) -> None:
        """Where the system has no IPv6, frames go to the peers with IPv4 addresses."""
        self._without_ipv6()
        link = self._start(BETA, GAMMA)
        self.assertTrue(link.send(b"beat"))
        self.assertEqual(FaultySocket.sent, [(b"beat", ("127.0.0.1", 9))])

    def test_system_without_ipv6_and_peers_without_ipv4(self) -> None:
        """Where there is nobody else, that is the reason for being down."""
        self._without_ipv6()
        self._start(GAMMA)
        self.assertEqual(self.notes.reasons, ["all peers have IPv6 addresses, and this system has no IPv6"])


class NameTests(SynchronousTestCase):
    """Hosts to addresses."""

    def test_numeric(self) -> None:
        """Addresses need no name server, names do."""
        self.assertEqual(numeric("10.0.0.2", 694), ("10.0.0.2", 694))
        self.assertEqual(numeric("fd00::2", 694), ("fd00::2", 694, 0, 0))
        self.assertIsNone(numeric("beta.example.net", 694))

    def test_look_up(self) -> None:
        """The first address that the system gives is taken."""
        self.assertIn(look_up("localhost", 694), (("127.0.0.1", 694), ("::1", 694, 0, 0)))
        found = [
            (socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("10.0.0.2", 694)),
            (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("fd00::2", 694, 0, 0)),
        ]
        self.patch(socket, "getaddrinfo", lambda *_, **__: found)
        self.assertEqual(look_up("beta", 694), ("10.0.0.2", 694))
        found.reverse()
        self.assertEqual(look_up("beta", 694), ("fd00::2", 694, 0, 0))
        found.clear()
        self.assertEqual(str(self.assertRaises(Unknown, look_up, "beta", 694)), "no address in IPv4 or IPv6")

    def test_not_found(self) -> None:
        """A name that the system does not know is told in its words."""

        def refuse(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        self.patch(socket, "getaddrinfo", refuse)
        self.assertEqual(str(self.assertRaises(Unknown, look_up, "beta", 694)), "Name or service not known")


class NamespacePeersTests(NamespaceCase):
    """Lists of peers with a real table of hosts, and real ways that are not there."""

    program = "tests.links.peers_in_namespace"

    def test_by_name(self) -> None:
        """A peer by name and one by IPv6 address; the name is known only later, and the link never down."""
        self.assertEqual(self.told("by_name"), [("up", "")])

    def test_name_alone(self) -> None:
        """A link whose only peer is not known is down with its name, and up once it is."""
        (first, reason), *rest = self.told("name_alone")
        self.assertEqual((first, rest), ("down", [("up", "")]))
        self.assertTrue(reason.startswith("b (beta.example.net port 7002): "), reason)

    def test_unreachable(self) -> None:
        """No route to one peer is no loss; none to any is told, and ends with the first way that opens."""
        reason = (
            "b (10.1.2.3 port 7002): Network is unreachable; c (fd00::9 port 694): Network is unreachable"
        )
        self.assertEqual(self.told("unreachable"), [("up", ""), ("down", reason), ("up", "")])

    def test_refused(self) -> None:
        """Machines on which nobody listens do not bring the link down."""
        self.assertEqual(self.told("refused"), [("up", "")])

"""The control socket: what is answered, and what a client that misbehaves can do (nothing)."""

from __future__ import annotations

import grp
import os
import socket
import stat
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from heart.control import connection, server
from heart.control.client import DaemonRefused, ask
from heart.control.connection import CommandRefused, Connection
from heart.control.protocol import MAX_LINE
from heart.control.server import MAX_CONNECTIONS, ControlServer, SocketUnusable, socket_group
from tests.control.fakes import STATUS, Client, ServerCase
from tests.events.test_history import report_many

FOLLOW = b'{"command": "events", "follow": true}\n'


class AnswerTests(ServerCase):
    """What can be asked."""

    async def test_status(self) -> None:
        """The status is one line."""
        await self.serve()
        self.assertEqual(await self.answer(b'{"command": "status"}\n'), [STATUS])

    async def test_in_pieces(self) -> None:
        """A request may come byte by byte."""
        await self.serve()
        client = await self.connect()
        for byte in b'{"command": "status"}':
            client.transport.write(bytes([byte]))
            await deferLater(reactor, 0)
        await client.ask(b"\n")
        self.assertEqual(client.answers(), [STATUS])

    async def test_events(self) -> None:
        """All that is kept comes, a line each, and then the end; an empty history is an empty answer."""
        await self.serve()
        self.assertEqual(await self.answer(b'{"command": "events"}\n'), [])
        report_many(self.history, 1500)
        self.assertEqual(
            await self.answer(b'{"command": "events", "follow": false}\n'), list(self.history.events())
        )

    async def test_follow(self) -> None:
        """With `follow` new events come as they are reported, after those that are kept."""
        await self.serve()
        report_many(self.history, 2)
        client = await self.connect()
        client.ask(FOLLOW)
        await self.until(lambda: len(client.answers()) == 2)
        report_many(self.history, 3)
        await self.until(lambda: len(client.answers()) == 5)
        self.assertEqual(client.answers(), list(self.history.events()))

    async def test_own_commands(self) -> None:
        """Further commands get the request, and answer at once or later."""
        later: Deferred[object] = Deferred()
        await self.serve({"echo": lambda request: request["word"], "move": lambda request: later})
        self.assertEqual(await self.answer(b'{"command": "echo", "word": "ja"}\n'), ["ja"])
        client = await self.connect()
        answered = client.ask(b'{"command": "move"}\n')
        await self.answer(b'{"command": "status"}\n')
        self.assertEqual(client.data, b"")
        later.callback({"moved": True})
        await answered
        self.assertEqual(client.answers(), [{"moved": True}])

    async def test_refusals(self) -> None:
        """A command that refuses gives its reason; one that fails is logged, and says where to look."""

        def refuse(request: dict[str, Any]) -> object:
            raise CommandRefused("beta is not up")

        await self.serve({"move": refuse, "fail": lambda request: 1 // 0, "odd": lambda request: {(1, 2): 3}})
        self.assertEqual(await self.answer(b'{"command": "move"}\n'), [{"error": "beta is not up"}])
        for name, error in ((b"fail", ZeroDivisionError), (b"odd", TypeError)):
            (answer,) = await self.answer(b'{"command": "%s"}\n' % name)
            self.assertIn("its log says more", answer["error"])
            self.assertEqual(len(self.flushLoggedErrors(error)), 1)

    async def test_malformed(self) -> None:
        """What is no request, or an unknown one, is answered with what was expected."""
        await self.serve()
        for line, expected in (
            (b"GET / HTTP/1.1\n", '{"command": "status"}'),
            (b'{"command": "events", "follow": 1}\n', "true or false"),
            (b'{"command": "reboot"}\n', "expected one of: events, status"),
        ):
            (answer,) = await self.answer(line)
            self.assertIn(expected, answer["error"])

    async def test_long_line(self) -> None:
        """A request that does not end is refused when it is too long to be one."""
        await self.serve()
        client = await self.connect()
        await client.ask(b"x" * MAX_LINE)
        self.assertIn("fewer than 65536 bytes", client.answers()[0]["error"])

    async def test_hangs_up(self) -> None:
        """An answer that comes after its client has hung up goes nowhere, and costs nothing."""
        later: Deferred[object] = Deferred()
        await self.serve({"move": lambda request: later})
        client = await self.connect()
        client.transport.write(b'{"command": "move"}\n')
        await deferLater(reactor, 0.02)
        client.transport.abortConnection()
        await client.lost
        await deferLater(reactor, 0.02)
        later.callback("done")


class MisbehaviourTests(ServerCase):
    """Clients that do not read, do not write, or come in crowds."""

    def connections(self, running: ControlServer) -> set[Connection]:
        """The connections that have a place."""
        return running._connections

    async def deaf_client(self, line: bytes) -> Client:
        """One that sends a request and does not read."""
        client = await self.connect()
        client.transport.pauseProducing()
        client.transport.write(line)
        return client

    async def test_deaf_follower(self) -> None:
        """One that follows and does not read costs a bounded buffer; later it is told what it missed."""
        running = await self.serve()
        client = await self.deaf_client(FOLLOW)
        await self.until(lambda: self.connections(running))
        greatest, reported = 0, 0
        while reported < 40_000:
            report_many(self.history, 500)
            reported += 500
            await deferLater(reactor, 0)
            (held,) = self.connections(running)
            transport = held.transport
            greatest = max(greatest, len(transport.dataBuffer) + transport._tempDataLen)
        self.assertGreater(greatest, 0, "the client's own buffers took everything: nothing was tested")
        self.assertLess(greatest, 2 * 65_536 + 1024)
        self.assertEqual(await self.answer(b'{"command": "status"}\n'), [STATUS])
        client.transport.resumeProducing()
        await self.until(lambda: client.data.endswith(b"\n") and client.answers()[-1]["sequence"] == 40_000)
        self.assertEqual(sum(event.get("lost", 1) for event in client.answers()), 40_000)

    async def test_deaf_client(self) -> None:
        """One that asks for what is kept and does not read is dropped after a while."""
        self.patch(connection, "IDLE", 0.1)
        self.history.report({"kind": "slept", "reason": "x" * 1_000_000})
        running = await self.serve()
        await self.deaf_client(b'{"command": "events"}\n')
        await self.until(lambda: self.connections(running))
        await self.until(lambda: not self.connections(running))

    async def test_slow_client(self) -> None:
        """One that reads slowly but reads gets everything, however long it takes."""
        self.patch(connection, "IDLE", 0.3)
        for _ in range(40):
            self.history.report({"kind": "slept", "reason": "x" * 50_000})
        await self.serve()
        client = await self.connect()
        finished: list[bytes] = []
        client.ask(b'{"command": "events"}\n').addCallback(finished.append)
        while not finished:
            client.transport.pauseProducing()
            await deferLater(reactor, 0.02)
            client.transport.resumeProducing()
            await deferLater(reactor, 0)
        self.assertEqual(len(client.answers()), 40)

    async def test_silent_client(self) -> None:
        """One that asks nothing is told so, and dropped."""
        self.patch(connection, "IDLE", 0.1)
        await self.serve()
        client = await self.connect()
        await client.lost
        self.assertIn("expected a request", client.answers()[0]["error"])

    async def test_patient_follower(self) -> None:
        """A follower of a quiet history is not idle, and one that has gone gives its place back."""
        self.patch(connection, "IDLE", 0.05)
        running = await self.serve()
        client = await self.connect()
        client.ask(FOLLOW)
        await deferLater(reactor, 0.2)
        report_many(self.history, 1)
        await self.until(lambda: len(client.answers()) == 1)
        client.transport.abortConnection()
        await self.until(lambda: not self.connections(running))
        self.assertEqual(self.history._subscribers, {})

    async def test_crowd(self) -> None:
        """There is room for 32; the next is told so, until one has gone."""
        running = await self.serve()
        crowd = [await self.connect() for _ in range(MAX_CONNECTIONS)]
        for client in crowd:
            client.ask(FOLLOW)
        await self.until(lambda: len(self.connections(running)) == MAX_CONNECTIONS)
        asked = self.in_thread(ask, self.path, {"command": "status"})
        error = await self.assertFailure(asked, DaemonRefused)
        self.assertIn("too many connections", str(error))
        crowd[0].transport.abortConnection()
        await self.until(lambda: len(self.connections(running)) < MAX_CONNECTIONS)
        self.assertEqual(await self.answer(b'{"command": "status"}\n'), [STATUS])

    async def test_flood(self) -> None:
        """Megabytes after the request are thrown away; others are answered meanwhile."""
        await self.serve()
        client = await self.connect()
        client.ask(FOLLOW + b"x" * 5_000_000)
        self.assertEqual(await self.answer(b'{"command": "status"}\n'), [STATUS])
        report_many(self.history, 1)
        await self.until(lambda: len(client.answers()) == 1)


class SocketTests(ServerCase):
    """The socket's file."""

    def mode(self) -> int:
        """Its permissions."""
        return stat.S_IMODE(self.path.stat().st_mode)

    async def test_own_user(self) -> None:
        """Without the group only the daemon's user may connect."""
        await self.serve()
        self.assertEqual(self.mode(), 0o600)

    async def test_group(self) -> None:
        """With the group its members may connect too."""
        group = os.getgroups()[0] if os.getgroups() else os.getgid()
        await self.serve(group=group)
        self.assertEqual((self.mode(), self.path.stat().st_gid), (0o660, group))

    async def test_group_refused(self) -> None:
        """Where we may not give the socket to the group, it stays the user's alone."""

        def refuse(*arguments: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        self.patch(os, "chown", refuse)
        await self.serve(group=12345)
        self.assertEqual(self.mode(), 0o600)

    async def test_stale(self) -> None:
        """The socket of a dead daemon is replaced."""
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(self.path))
        await self.serve()
        self.assertEqual(await self.answer(b'{"command": "status"}\n'), [STATUS])

    async def test_no_socket(self) -> None:
        """What is no socket is left alone, and said so in one line."""
        self.path.write_text("precious")
        with self.assertRaises(SocketUnusable) as caught:
            await self.serve()
        self.assertIn(
            f"{self.path}: cannot open the control socket: this is no socket", str(caught.exception)
        )
        self.assertEqual(self.path.read_text(), "precious")

    async def test_unusable(self) -> None:
        """A folder that is missing and a path that is too long are one line each, which names the path."""
        folder = self.path
        for path, reason in ((folder / "x.sock", "No such file"), (self.folder / ("x" * 120), "too long")):
            self.path = path
            with self.assertRaises(SocketUnusable) as caught:
                await self.serve()
            self.assertIn(reason, str(caught.exception))
            self.assertTrue(str(caught.exception).startswith(f"{path}: "))

    async def test_stop(self) -> None:
        """Stopping ends every connection and removes the file; it may be done twice."""
        running = await self.serve()
        client = await self.connect()
        client.ask(FOLLOW)
        await self.until(lambda: running._connections)
        await running.stop()
        await client.lost
        self.assertFalse(self.path.exists())
        await running.stop()

    async def test_file_removed(self) -> None:
        """Where somebody has removed the file, stopping closes the socket all the same."""
        running = await self.serve()
        port: Any = running._port
        self.path.unlink()
        await running.stop()
        self.assertEqual(port.socket.fileno() if hasattr(port, "socket") else -1, -1)


class GroupTests(SynchronousTestCase):
    """Finding the group."""

    def test_absent(self) -> None:
        """Where there is no such group there is no id."""
        self.patch(server, "GROUP", "no-such-group")
        self.assertIsNone(socket_group())

    def test_present(self) -> None:
        """A group that exists is found by its name."""
        try:
            own = grp.getgrgid(os.getgid())
        except KeyError:
            raise SkipTest("this user's group has no name in /etc/group") from None
        self.patch(server, "GROUP", own.gr_name)
        self.assertEqual(socket_group(), own.gr_gid)

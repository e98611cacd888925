"""Asking the daemon with blocking sockets, against the real server and against worse."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from heart.control.client import DaemonRefused, DaemonUnreachable, ask, ask_lines
from tests.control.fakes import STATUS, ServerCase
from tests.events.test_history import report_many


class AskTests(ServerCase):
    """A daemon that answers."""

    async def test_ask(self) -> None:
        """The answer comes back as it was given."""
        await self.serve()
        self.assertEqual(await self.in_thread(ask, self.path, {"command": "status"}), STATUS)

    async def test_refused(self) -> None:
        """An error is raised with the daemon's reason."""
        await self.serve()
        error = await self.assertFailure(self.in_thread(ask, self.path, {"command": "no"}), DaemonRefused)
        self.assertIn("unknown command", str(error))

    async def test_answer_with_error_key(self) -> None:
        """An answer that has an `error` among other things is an answer."""
        answer = {"error": "none", "state": "good"}
        await self.serve({"look": lambda request: answer})
        self.assertEqual(await self.in_thread(ask, self.path, {"command": "look"}), answer)

    async def test_lines(self) -> None:
        """All lines come, however many."""
        await self.serve()
        report_many(self.history, 1000)
        lines = await self.in_thread(lambda: list(ask_lines(self.path, {"command": "events"})))
        self.assertEqual(lines, list(self.history.events()))

    async def test_no_answer(self) -> None:
        """A daemon that does not answer in time is unreachable."""
        await self.serve({"hang": lambda request: Deferred()})
        await self.unreachable("no answer within 0.1 s", {"command": "hang"}, 0.1)

    async def unreachable(self, why: str, request: dict[str, Any], patience: float = 5.0) -> None:
        """Asking fails with one line that names the path."""
        asked = self.in_thread(ask, self.path, request, patience)
        error = await self.assertFailure(asked, DaemonUnreachable)
        self.assertTrue(str(error).startswith(f"{self.path}: "), str(error))
        self.assertIn(why, str(error))
        self.assertNotIn("\n", str(error))

    async def test_no_socket(self) -> None:
        """No daemon was ever there."""
        await self.unreachable("no such socket; is the daemon running?", {"command": "status"})

    async def test_stale_socket(self) -> None:
        """A daemon was there and died."""
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(self.path))
        await self.unreachable("nobody listens there", {"command": "status"})

    async def test_long_path(self) -> None:
        """A path that no socket can have is one line too."""
        self.path = self.folder / ("x" * 120)
        await self.unreachable("too long", {"command": "status"})

    async def test_permission(self) -> None:
        """One who may not connect is told who may."""
        if os.getuid() == 0:
            await self.permission_as_nobody()
            return
        await self.serve()
        self.path.chmod(0)
        await self.unreachable("member of the group heart", {"command": "status"})

    async def permission_as_nobody(self) -> None:
        """As root everything may be opened: ask as another user."""
        await self.serve()
        self.folder.chmod(0o755)
        program = (
            "import os, sys; from pathlib import Path; from heart.control.client import *\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "try: ask(Path(sys.argv[1]), {'command': 'status'})\n"
            "except DaemonUnreachable as error: print(error)\n"
        )
        run: Any = subprocess.run
        argv = [sys.executable, "-c", program, str(self.path)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        ended = await self.in_thread(lambda: run(argv, env=environment, capture_output=True, text=True))
        self.assertIn("member of the group heart", ended.stdout, ended.stderr)

    async def test_silent_end(self) -> None:
        """One that closes without an answer is no answer."""
        await self.unreachable_from(b"", "without an answer")

    async def test_half_a_line(self) -> None:
        """A daemon that dies in the middle of a line has not answered."""
        await self.unreachable_from(b'{"cluster": "we', "without an answer")

    async def test_somebody_else(self) -> None:
        """What is not JSON does not come from a daemon of ours."""
        await self.unreachable_from(b"SSH-2.0\n", "not a daemon of Heart")

    async def unreachable_from(self, answer: bytes, why: str) -> None:
        """Ask somebody who gives this answer and closes."""
        with closing(socket.socket(socket.AF_UNIX)) as listener:
            listener.bind(str(self.path))
            listener.listen()

            def serve_one() -> None:
                connection, _ = listener.accept()
                with closing(connection):
                    connection.recv(1000)
                    connection.sendall(answer)

            served = self.in_thread(serve_one)
            await self.unreachable(why, {"command": "status"})
            await served

    async def test_full_queue(self) -> None:
        """A daemon that takes no connections is said to be stopped or hung."""
        with closing(socket.socket(socket.AF_UNIX)) as listener:
            listener.bind(str(self.path))
            listener.listen(0)
            waiting = [socket.socket(socket.AF_UNIX) for _ in range(2)]
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(str(self.path))
            await self.unreachable("is the daemon stopped or hung?", {"command": "status"}, 0.2)
            for each in waiting:
                each.close()

    async def test_no_twisted(self) -> None:
        """The client starts fast: it imports nothing of Twisted."""
        program = "import sys, heart.control.client; sys.exit('twisted' in sys.modules)"
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        run: Any = subprocess.run
        ended = await self.in_thread(lambda: run([sys.executable, "-c", program], env=environment))
        self.assertEqual(ended.returncode, 0)

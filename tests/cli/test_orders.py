"""`heart move`, `standby`, `active`, `retry` and `set`, as real processes beside a real control server."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from heart.cli import asking
from heart.control.connection import CommandRefused
from heart.control.protocol import Request
from heart.control.server import Command
from heart.core.shared import operator
from heart.node.commands import ORDERS
from tests.cli.daemon import CommandCase


class OrderCase(CommandCase):
    """A daemon that takes orders: what it was asked is kept."""

    def setUp(self) -> None:
        """Nothing was asked yet."""
        super().setUp()
        self.asked: list[Request] = []
        self.answer: Any = {"done": True, "text": "it is done"}

    async def serve_orders(self) -> None:
        """Answer every order the same."""

        def take(request: Request) -> Any:
            self.asked.append(request)
            return self.answer

        self.server = await self.serve(dict.fromkeys(ORDERS, take))

    async def assert_ends(self, words: str, code: int, output: str = "", errors: str = "") -> None:
        """The command ends so, with that on its standard output and standard error."""
        ended = await self.heart(*words.split())
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (code, output, errors), words)


class RequestTests(OrderCase):
    """What the daemon is asked."""

    async def test_words(self) -> None:
        """Each command says what was typed; what is left out is empty."""
        await self.serve_orders()
        for words, subject, value in (
            ("move web beta", "web", "beta"),
            ("move web", "web", ""),
            ("standby beta", "beta", ""),
            ("active beta", "beta", ""),
            ("retry web", "web", ""),
            ("set lag 5", "lag", "5"),
            ("set lag -5", "lag", "-5"),
        ):
            await self.assert_ends(words, 0, "it is done\n")
            command = words.partition(" ")[0]
            self.assertEqual(self.asked[-1], {"command": command, "subject": subject, "value": value})

    async def test_remove(self) -> None:
        """An empty value goes to the daemon as it is: there it removes the name."""
        await self.serve_orders()
        ended = await self.heart("set", "lag", "")
        self.assertEqual((ended.returncode, self.asked[-1]["value"]), (0, ""))

    async def test_incomplete(self) -> None:
        """Without its arguments a command is one line on standard error, exit code 1, and asks nothing."""
        for words, missing in (
            ("move", "SERVICE"),
            ("standby", "NODE"),
            ("active", "NODE"),
            ("retry", "SERVICE"),
            ("set lag", "VALUE"),
        ):
            name = words.partition(" ")[0]
            line = f"heart: Missing argument '{missing}'. See heart {name} --help\n"
            await self.assert_ends(words, 1, "", line)


class EndTests(OrderCase):
    """How an order ends."""

    async def test_refused(self) -> None:
        """What cannot be done is told on standard error with the daemon's line alone, exit code 1."""
        self.answer = {"done": False, "text": "there is no service db; the services are: web"}
        await self.serve_orders()
        await self.assert_ends("move db", 1, "", "there is no service db; the services are: web\n")

    async def test_one_line(self) -> None:
        """Whatever stands in the daemon's answer, it is one line that no terminal acts upon."""
        self.answer = {"done": True, "text": "a\nb\x1b[2J"}
        await self.serve_orders()
        await self.assert_ends("retry web", 0, "a\\nb\\x1b[2J\n")

    async def test_old_daemon(self) -> None:
        """A daemon that does not know the command refuses it: one line, exit code 1."""
        await self.serve()
        line = "the daemon refused: unknown command; expected one of: events, status\n"
        await self.assert_ends("standby beta", 1, "", line)

    async def test_refuses_to_answer(self) -> None:
        """So does one that is being stopped."""

        def refuse(request: Request) -> Any:
            raise CommandRefused("the daemon is being stopped")

        commands: dict[str, Command] = {"move": refuse}
        await self.serve(commands)
        await self.assert_ends("move web", 1, "", "the daemon refused: the daemon is being stopped\n")

    async def test_other_answer(self) -> None:
        """An answer that does not say whether it is done is a refusal."""
        await self.serve_orders()
        for self.answer in (5, [], {"text": "x"}, {"done": "yes", "text": "x"}, {"done": True}):
            ended = await self.heart("move", "web")
            self.assertEqual((ended.returncode, ended.stdout), (1, ""))
            self.assertIn("it does not say whether it is done", ended.stderr)
            self.assertEqual(ended.stderr.count("\n"), 1)

    async def test_unreachable(self) -> None:
        """Without a daemon it is one line and exit code 3."""
        self.assert_unreachable(await self.heart("move", "web"))


class WaitingTests(OrderCase):
    """While the daemon has not answered yet."""

    async def begin_waiting(self) -> Any:
        """A command that waits for its answer."""
        self.answer = Deferred()
        await self.serve_orders()
        process = self.begin("move", "web")
        await self.until(lambda: self.asked)
        return process

    def test_patience(self) -> None:
        """A command waits longer than the core does, which says then that the order stands."""
        self.assertGreater(asking.PATIENCE, operator.PATIENCE + 10)

    async def test_answer_comes_late(self) -> None:
        """It waits for as long as the answer takes, and then says it."""
        process = await self.begin_waiting()
        self.assertIsNone(process.poll())
        self.answer.callback({"done": False, "text": "not done within 60 s"})
        output, errors = await self.in_thread(process.communicate, None, 20)
        self.assertEqual((process.returncode, output, errors), (1, b"", b"not done within 60 s\n"))

    async def test_interrupted(self) -> None:
        """Ctrl-C ends the waiting with one line, which says that the order stands."""
        ended = await self.interrupt(await self.begin_waiting())
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertEqual(ended.stderr, "not waited for: the order stands: see heart status\n")

    async def test_daemon_ends(self) -> None:
        """When the daemon ends meanwhile, that and what may have become of the order is one line."""
        process = await self.begin_waiting()
        for connection in tuple(self.server._connections):
            connection.abort()
        output, errors = await self.in_thread(process.communicate, None, 20)
        self.assertEqual((process.returncode, output, errors.count(b"\n")), (3, b"", 1))
        self.assertIn(b"; perhaps the order stands: see heart status\n", errors)

    async def test_hung(self) -> None:
        """A daemon that does not answer what it can answer at once is given no order to carry out later."""
        taken: list[Request] = []

        def hang(request: Request) -> Any:
            return Deferred()

        await self.serve({"status": hang, "move": taken.append})
        ended = await self.heart("move", "web")
        self.assertEqual((ended.returncode, taken), (3, []))
        self.assertIn("no answer within 5 s", ended.stderr)

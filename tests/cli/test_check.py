"""Tests of heart.cli.check, heart.cli.keygen and conf/heart.toml."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

import heart
from heart.cli.main import main
from heart.cli.summary import summary
from heart.config import interpret
from heart.config.model import (
    AddressResource,
    Arbiter,
    Configuration,
    Link,
    Node,
    PeerAddress,
    PluginLink,
    PluginResource,
    Resource,
    ScriptResource,
    Service,
    UdpLink,
)
from heart.control.connection import CommandRefused
from heart.control.protocol import Request
from heart.control.server import Command
from heart.keys import load_keys
from tests.cli import daemon
from tests.cli.test_main import run
from tests.config.support import ConfigurationCase, machine

EXAMPLE = Path(heart.__file__).parent.parent / "conf" / "heart.toml"
TRUTH = (
    "arbiter: trust takes silence for death: with every link cut and both nodes alive, both hold the services"
)


class CommandCase(SynchronousTestCase):
    """Runs commands beside a copy of the example configuration, without its key."""

    def setUp(self) -> None:
        """Copy the example."""
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.file = self.folder / "heart.toml"
        shutil.copy(EXAMPLE, self.file)
        self.key = self.folder / "heart.key"

    def call(self, *args: str | Path) -> Result:
        """The result of a command."""
        return CliRunner().invoke(main, [str(arg) for arg in args])

    def change(self, old: str, new: str) -> None:
        """Change the example's text in one place."""
        text = self.file.read_text()
        self.assertEqual(text.count(old), 1)
        self.file.write_text(text.replace(old, new))


class KeygenTests(CommandCase):
    """`heart keygen`."""

    def test_made(self) -> None:
        """A key is made, its path printed first, and what to do next; nothing of the key."""
        result = self.call("keygen", self.key)
        self.assertEqual((result.exit_code, result.stderr), (0, ""))
        self.assertEqual(result.stdout.splitlines()[0], str(self.key))
        self.assertIn("Copy this file to every node", result.stdout)
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        (key,) = load_keys(self.key).keys.values()
        self.assertNotIn(key.hex(), result.output)

    def test_exists(self) -> None:
        """A key that is there is left alone, exit code 1."""
        self.key.write_text("precious")
        result = self.call("keygen", self.key)
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertEqual(
            result.stderr,
            f"{self.key} exists already and is left as it is; expected a path where nothing is\n",
        )
        self.assertEqual(self.key.read_text(), "precious")


class CheckTests(CommandCase):
    """`heart check`."""

    def test_example(self) -> None:
        """The example is good but for the key that has to be made."""
        result = self.call("check", self.file, "--node", "alpha")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertEqual(
            result.stderr,
            f"{self.file}: key_file: {self.key} is missing; "
            f"make it once with `heart keygen {self.key}` and copy it to every node\n",
        )

    def test_example_with_key(self) -> None:
        """With a key it is good, and what it means is printed; whatever this machine lacks is warned of."""
        self.call("keygen", self.key)
        self.change('interface = "eth0"                  #', 'interface = "heart-none" #')
        self.change('device = "/dev/ttyS0"', 'device = "/dev/heart-none"')
        result = self.call("check", "--config", self.file, "--node", "alpha")
        self.assertEqual(result.exit_code, 0, result.stderr)
        lines = result.stdout.splitlines()
        for line in (
            "cluster  web of alpha, beta",
            "node     alpha",
            "timing   beat   100ms",
            "timing   lease  600ms",
            "link     lan: udp, interface heart-none, port 694, with beta",
            "link     cable: serial, device /dev/heart-none at 115200 baud, with beta",
            "service  web: on alpha, beta; wait 1s, stop 300ms",
            "           1. address 10.0.0.100/24 on eth0",
            "           2. script /etc/heart/scripts/web, timeout 20s",
            "keys     1 signs",
        ):
            self.assertIn(line, lines)
        complaints = result.stderr.splitlines()
        self.assertEqual(lines[-1], f"good: {self.file} ({len(complaints)} warnings)")
        for complaint in (
            TRUTH,
            "links.lan.interface: heart-none is not there on this machine",
            "links.cable.device: /dev/heart-none is not there on this machine",
        ):
            self.assertIn(f"warning: {self.file}: {complaint}", complaints)

    def test_wait(self) -> None:
        """A service's wait is what a successor waits, longer than `dead` where the release may take long."""
        self.call("keygen", self.key)
        self.change('stop = "300ms"', 'stop = "900ms"')
        result = self.call("check", self.file, "--node", "beta")
        self.assertIn("service  web: on alpha, beta; wait 1.545s, stop 900ms", result.stdout.splitlines())

    def test_several_keys(self) -> None:
        """The ids of all keys are told, and no key."""
        self.key.write_text(f"3 {'ab' * 32}\n1 {'cd' * 32}\n2 {'ef' * 32}\n")
        self.key.chmod(0o600)
        result = self.call("check", self.file, "--node", "beta")
        self.assertIn("keys     3 signs; 1, 2 verify too", result.stdout.splitlines())
        self.assertNotRegex(result.output, "abab|cdcd|efef")

    def test_elsewhere(self) -> None:
        """On a machine that is none of the nodes it is good, with warnings."""
        self.change("[nodes.alpha]", "[nodes.heart-none-a]")
        self.file.write_text(self.file.read_text().replace('"alpha"', '"heart-none-a"'))
        self.file.write_text(self.file.read_text().replace("beta", "heart-none-b"))
        result = self.call("check", self.file)
        self.assertEqual(result.exit_code, 0, result.stderr)
        self.assertRegex(result.stderr, r"none of heart-none-a, heart-none-b; checked as heart-none-a\n")
        self.assertIn("keys     none on this machine", result.stdout.splitlines())

    def test_errors(self) -> None:
        """All faults are told on standard error, a line each, and nothing on standard output."""
        self.call("keygen", self.key)
        self.change('beat = "100ms"', 'beat = "100"')
        self.change("port = 694", "prot = 694")
        result = self.call("check", self.file, "--node", "alpha")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertEqual(
            result.stderr.splitlines(),
            [
                f"{self.file}: timing.beat: expected a duration such as "
                '"100ms" (a decimal number and ms, s, m, h or d), not "100"',
                f"{self.file}: links.lan.prot: unknown key; did you mean port?",
            ],
        )

    def test_both(self) -> None:
        """A path and --config together are refused."""
        result = self.call("check", self.file, "--config", self.file)
        self.assertEqual(
            (result.exit_code, result.stderr),
            (1, "heart: Expected PATH or --config, not both. See heart check --help\n"),
        )

    def test_default(self) -> None:
        """Unless said, it is /etc/heart/heart.toml that is checked."""
        self.assertIn("[default: /etc/heart/heart.toml]", self.call("check", "--help").stdout)

    def test_process(self) -> None:
        """It is the same as a real process: output, warnings, exit codes."""
        self.assertEqual(run("keygen", str(self.key)).returncode, 0)
        good = run("check", str(self.file), "--node", "alpha")
        self.assertEqual(good.returncode, 0)
        self.assertIn(f"good: {self.file}", good.stdout)
        self.assertIn(TRUTH, good.stderr)
        self.key.chmod(0o644)
        wrong = run("check", str(self.file), "--node", "alpha")
        self.assertEqual((wrong.returncode, wrong.stdout), (1, ""))
        self.assertEqual(
            wrong.stderr,
            f"{self.file}: key_file: {self.key} is open to group or others (mode 0644); "
            f"expected mode 0600: chmod 600 {self.key}\n",
        )

    def test_broken_plugin(self) -> None:
        """A plug-in that is broken is named where its kind is missed, in that line, without a traceback."""
        self.call("keygen", self.key)
        place = self.folder / "twisted" / "plugins"
        place.mkdir(parents=True)
        (place / "vote.py").write_text("import heart_example_of_nothing\n")
        self.file.write_text(self.file.read_text().replace('kind = "trust"', 'kind = "vote"'))
        paths = os.pathsep.join([str(self.folder), *sys.path])
        program = [sys.executable, "-c", "from heart.cli.main import main; main()", "check", str(self.file)]
        ended = subprocess.run(
            [*program, "--node", "alpha"],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertEqual(
            ended.stderr,
            f'{self.file}: arbiter.kind: expected "trust" or "quorum", not "vote": '
            "no such kind is installed; "
            f"left out as broken: {place}/vote.py: "
            "ModuleNotFoundError(\"No module named 'heart_example_of_nothing'\")\n",
        )


class SummaryTests(ConfigurationCase):
    """What is printed of each kind of thing."""

    def lines(self, **changed: Any) -> list[str]:
        """The summary of a changed configuration."""
        return list(summary(replace(self.read(), **changed)))

    def assert_link(self, link: Link, line: str) -> None:
        """The link is described in this line."""
        self.assertIn(f"link     {line}", self.lines(links=(link,)))

    def assert_resource(self, resource: Resource, line: str) -> None:
        """The resource is described in this line."""
        service = Service("web", ("alpha", "beta"), 0.3, (resource,))
        self.assertIn(f"           1. {line}", self.lines(services=(service,)))

    def test_links(self) -> None:
        """Each kind of link says what carries its beats."""
        both = ("alpha", "beta")
        self.assert_link(
            UdpLink("lan", both, 694, group="ff02::4865", interface="eth0"),
            "lan: udp, group ff02::4865 on interface eth0, port 694, with beta",
        )
        self.assert_link(
            UdpLink("wan", both, 700, peers=(PeerAddress("beta", "fd00::2", 701),)),
            "wan: udp, peers beta at fd00::2 port 701, port 700, with beta",
        )
        self.assert_link(
            PluginLink("air", both, "carrier", {"birds": 3, "name": "b"}),
            'air: carrier, birds = 3, name = "b", with beta',
        )

    def test_resources(self) -> None:
        """Each kind of resource says what is started."""
        self.assert_resource(
            AddressResource("fd00::100/64", "eth0", 2.0), "address fd00::100/64 on eth0, detection 2s"
        )
        self.assert_resource(
            AddressResource("fd00::100/64", "eth0"),
            "address fd00::100/64 on eth0",
        )
        self.assert_resource(ScriptResource(("/x", "y"), 20.0), "script /x y, timeout 20s")
        self.assert_resource(
            PluginResource("lamp", {"colour": "red", "on": True}), 'lamp, colour = "red", on = true'
        )

    def test_care(self) -> None:
        """How a service is watched and tried again is told where the file asks for it."""
        service = Service("web", ("alpha", "beta"), 0.3, (), failback=True, monitor=5.0)
        self.assertIn(
            "           monitor 5s, restarts 2, forget 10m, failback to alpha",
            self.lines(services=(service,)),
        )
        stubborn = Service("web", ("alpha", "beta"), 0.3, (), restarts=0)
        self.assertIn("           restarts 0", self.lines(services=(stubborn,)))
        self.assertNotIn("restarts", "\n".join(self.lines()))

    def test_arbiter(self) -> None:
        """An arbiter is told with its keys."""
        self.assertIn("arbiter  trust", self.lines())
        self.assertIn('arbiter  file, path = "/x"', self.lines(arbiter=Arbiter("file", {"path": "/x"})))

    def test_quorum(self) -> None:
        """Where nodes vote, how many they are and how many a majority is told."""
        for count, needed in ((2, 2), (3, 2), (4, 3), (5, 3)):
            nodes = tuple(Node(f"node{number}") for number in range(count))
            line = f"arbiter  quorum of {count} nodes, {needed} are a majority"
            self.assertIn(line, self.lines(arbiter=Arbiter("quorum"), nodes=nodes))


class AgainstRunningTests(daemon.CommandCase):
    """`heart check --against-running`."""

    def running(self, text: str | None = None) -> Configuration:
        """What a daemon runs with that was given this text."""
        return interpret(tomllib.loads(text or daemon.CONFIGURATION), self.config, None, machine())

    async def serve_running(self, configuration: Configuration) -> None:
        """A daemon that runs with this."""

        def tell(request: Request) -> dict[str, Any]:
            return {
                "file": str(configuration.file),
                "digest": configuration.digest,
                "meaning": dict(configuration.meaning),
            }

        commands: dict[str, Command] = {"configuration": tell}
        await self.serve(commands)

    async def test_nothing(self) -> None:
        """Where the daemon runs what the file says, that is said."""
        await self.serve_running(self.running())
        ended = await self.heart("check", "--against-running")
        self.assertEqual((ended.returncode, ended.stdout), (0, "nothing would change\n"), ended.stderr)

    async def test_changes(self) -> None:
        """What a reload would change is told, then what that does; it is no fault."""
        await self.serve_running(self.running())
        self.config.write_text(
            daemon.CONFIGURATION.replace("127.255.255.255", "127.0.0.255")
            + '[services.web]\nnodes = ["alpha"]\n'
            + '[[services.web.resources]]\nkind = "script"\ncommand = ["x"]\n'
        )
        ended = await self.heart("check", "--against-running")
        self.assertEqual(ended.returncode, 0)
        self.assertEqual(
            ended.stdout.splitlines(),
            [
                "links.lan.broadcast: 127.255.255.255 -> 127.0.0.255",
                "services.web: added",
                "then: lan is opened anew, and may carry nothing while some nodes have not reloaded",
                "then: web is new: it is started where the rules say",
            ],
        )
        self.assertIn("services.web.nodes: only alpha may hold it", ended.stderr)

    async def test_cluster(self) -> None:
        """Another cluster's name is found out, although the socket bears the old one, and warned of."""
        await self.serve_running(self.running())
        self.config.write_text(daemon.CONFIGURATION.replace('"web"', '"shop"'))
        ended = await self.heart("check", "--against-running")
        self.assertEqual((ended.returncode, ended.stdout), (0, "cluster: web -> shop\n"))
        self.assertIn(
            "warning: cluster: a reload cannot change it; stop the daemon, then start it\n", ended.stderr
        )

    async def test_other_file(self) -> None:
        """A daemon that reads another file is warned of."""
        await self.serve_running(replace(self.running(), file=Path("/etc/other.toml")))
        ended = await self.heart("check", "--against-running")
        self.assertEqual((ended.returncode, ended.stdout), (0, "nothing would change\n"))
        self.assertIn(
            "warning: the daemon reads /etc/other.toml: `heart reload` would take up that, "
            f"not {self.config}\n",
            ended.stderr,
        )

    async def test_wrong(self) -> None:
        """A file that is wrong is refused with its lines, and the daemon not asked."""
        self.config.write_text(daemon.CONFIGURATION.replace("udp", "upd"))
        ended = await self.heart("check", "--against-running")
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertTrue(ended.stderr.startswith(f"{self.config}: links.lan.kind: expected"), ended.stderr)

    async def test_unreachable(self) -> None:
        """Without a daemon the exit code is 3."""
        ended = await self.heart("check", "--against-running")
        self.assertEqual((ended.returncode, ended.stdout), (3, ""))
        self.assertIn(f"{self.path}: there is no such socket; is the daemon running?\n", ended.stderr)

    async def test_refused(self) -> None:
        """A daemon that refuses, or answers something else, is told of in one line, exit code 1."""

        def refuse(request: Request) -> Any:
            raise CommandRefused("not now")

        answers: list[Command] = [refuse, lambda request: {"meaning": 5}, lambda request: []]
        for answer, told in zip(answers, ("not now", "it does not tell", "it does not tell"), strict=True):
            server = await self.serve({"configuration": answer})
            ended = await self.heart("check", "--against-running")
            self.assertEqual((ended.returncode, ended.stdout), (1, ""))
            self.assertIn(f"the daemon refused: {told}", ended.stderr)
            await server.stop()

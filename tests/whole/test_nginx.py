"""The real nginx behind an address that moves, with conf/ as docs/nginx.md installs it, seen by a client."""

from __future__ import annotations

import os
import re
import shutil
import signal
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.docs.support import ROOT
from tests.whole import needs
from tests.whole.case import LONG, WholeNodeTests
from tests.whole.lab import NODES
from tests.whole.nodes import Node, services
from tests.whole.settings import SERVICE_ADDRESS

CONF = ROOT / "conf"
# A machine of its own: its host name, and its own files where both have the same path.
MACHINE = 'hostname "$1" && mount --bind "$2" "$3" && shift 3 && exec "$@"'
PATIENCE = 1.0  # seconds that a client waits for a page


class NginxCase(WholeNodeTests):
    """Two machines with a copy of conf/ each, at the same path, and a client."""

    needs = (needs.nginx,)

    def setUp(self) -> None:
        """Install everything; nothing is started yet."""
        super().setUp()
        self.etc = self.lab.folder / "etc"
        self.etc.mkdir()
        for name in NODES:
            shutil.copytree(CONF, self.lab.folder / name)
            site = self.site(name)
            text = re.sub(r"syslog:[^ ;]*", f"{self.lab.folder}/{name}.nginx", site.read_text())
            site.write_text(text.replace("10.0.0.100", SERVICE_ADDRESS))
        self.lab.alpha.config.write_text(self.configuration())

    def configuration(self) -> str:
        """conf/heart-nginx.toml with this lab's address, devices and paths, and asked more often."""
        text = (CONF / "heart-nginx.toml").read_text()
        for right, ours in (
            ("10.0.0.100", SERVICE_ADDRESS),
            ('command = ["', f'command = ["/usr/bin/env", "NGINX_STATE={self.etc}/run", "'),
            ("/etc/heart/", f"{self.etc}/"),
            ('monitor = "5s"', 'monitor = "1s"'),
        ):
            self.assertIn(right, text)
            text = text.replace(right, ours)
        for name in NODES:
            device = f'[nodes.{name}.links.cable]\ndevice = "{self.lab.cable.device(name)}"'
            text = text.replace(f"[nodes.{name}]\n", f"[nodes.{name}]\n{device}\n")
        return f'{text}\n[paths]\nstate = "state"\nrun = "run"\n'

    def site(self, name: str) -> Path:
        """The configuration of a node's nginx."""
        return self.lab.folder / name / "nginx" / "web.conf"

    def start_both(self) -> None:
        """Start both machines, and wait until alpha serves."""
        shell = [needs.tool("unshare"), "--uts", "sh", "-c", MACHINE, "sh"]
        for name, node in self.lab.nodes.items():
            node.start(under=[*shell, name, str(self.lab.folder / name), str(self.etc)])
        self.wait_until(lambda: self.lab.whole("alpha"), "alpha holds the service", 2 * LONG)
        self.served_by("alpha")

    def page(self) -> str | None:
        """What the client is served at the address that moves; None where it is served nothing."""
        client = HTTPConnection(SERVICE_ADDRESS, timeout=PATIENCE)

        def fetch() -> str | None:
            try:
                client.request("GET", "/node")
                answer = client.getresponse()
                return answer.read().decode().strip() if answer.status == 200 else None
            except (OSError, HTTPException):
                return None
            finally:
                client.close()

        return self.lab.network.hosts["client"].inside(fetch)

    def served_by(self, name: str, seconds: float = 2 * LONG) -> None:
        """Wait until the client is served by that node."""
        self.wait_until(lambda: self.page() == name, f"{name} serves the page", seconds)

    def nginx(self, node: Node) -> list[int]:
        """The processes of nginx on a node."""
        return [pid for pid in self.processes(node) if name_of(pid) == "nginx"]

    def processes(self, node: Node) -> list[int]:
        """All processes of a machine."""
        return [int(word) for word in self.lab.network.hub.ip("netns", "pids", node.namespace.name).split()]

    def signal(self, processes: list[int], number: signal.Signals) -> None:
        """Send processes a signal."""
        self.expect(processes, "they were to be there")
        for pid in processes:
            os.kill(pid, number)

    def order(self, node: Node, *words: str) -> str:
        """Give a command on a node; what it printed."""
        code, output = node.heart(*words)
        self.expect(code == 0, f"heart {' '.join(words)} ended with {code}: {output}")
        return output

    def failures(self, node: Node) -> list[str]:
        """Why the service failed on a node, each time."""
        return [event["reason"] for event in node.events() if event["kind"] == "failed"]


class NginxTests(NginxCase):
    """What happens to an nginx, and to its machine."""

    def test_killed(self) -> None:
        """Killed with -9 it is started again where it ran."""
        self.start_both()
        first = self.nginx(self.lab.alpha)
        self.signal(first, signal.SIGKILL)
        self.wait_until(lambda: self.page() is None, "it is dead")
        self.served_by("alpha")
        self.expect(not set(first) & set(self.nginx(self.lab.alpha)), "another nginx was to run")
        self.assertIn("is stopped: nginx does not run", self.failures(self.lab.alpha)[0])
        self.assertEqual(self.nginx(self.lab.beta), [])
        self.expect({change.host for change in self.lab.watch.changes()} == {"alpha"}, "beta took it")

    def test_hangs(self) -> None:
        """One that hangs with its port open is noticed, and started again where it ran."""
        self.start_both()
        self.signal(self.nginx(self.lab.alpha), signal.SIGSTOP)
        self.wait_until(lambda: self.failures(self.lab.alpha), "it is noticed")
        self.assertIn("no answer within 2 s", self.failures(self.lab.alpha)[0])
        self.served_by("alpha")
        self.expect_never_two()

    def test_broken_on_one(self) -> None:
        """Where it cannot be started again it moves; mended and moved back, it serves where it began."""
        self.start_both()
        good = self.site("alpha").read_text()
        self.site("alpha").write_text(good.replace("sendfile on;", "sendfile maybe;"))
        self.signal(self.nginx(self.lab.alpha), signal.SIGKILL)
        self.served_by("beta", 60)
        self.wait_until(lambda: self.lab.whole("beta"), "beta holds it")
        self.assertEqual(self.nginx(self.lab.alpha), [])
        self.assertIn('invalid value "maybe"', self.failures(self.lab.alpha)[-1])
        self.site("alpha").write_text(good)
        self.order(self.lab.beta, "retry", "web")
        self.order(self.lab.beta, "move", "web", "alpha")
        self.served_by("alpha")
        self.assertEqual(self.nginx(self.lab.beta), [])
        self.expect_never_two()

    def test_machine_dies(self) -> None:
        """All of the holder's machine is dead at once: the other serves within seconds."""
        self.start_both()
        alpha = self.lab.alpha
        self.lose_machine(alpha)
        self.signal(self.processes(alpha), signal.SIGKILL)
        self.served_by("beta")
        held = ("beta", "held")
        self.wait_until(lambda: services(self.lab.beta.status()).get("web") == held, "beta says so, too")
        self.expect(not self.failures(self.lab.beta), "it was to start at once")

    def test_move(self) -> None:
        """Moved there and back by command: each time the page is the other node's, and one nginx runs."""
        self.start_both()
        alpha, beta = self.lab.alpha, self.lab.beta
        for start, target in ((alpha, beta), (beta, alpha)):
            self.order(start, "move", "web", target.name)
            self.served_by(target.name)
            self.assertEqual(self.nginx(start), [])
            self.expect(self.nginx(target), f"{target.name} was to run it")
        self.expect_never_two()

    def test_cable_is_pulled(self) -> None:
        """The holder's card has no carrier: the other serves, and nobody is taken for dead."""
        self.start_both()
        self.lab.network.unplug("alpha")
        self.served_by("beta")
        self.wait_until(lambda: not self.nginx(self.lab.alpha), "alpha has stopped its own")
        told = [event["kind"] for node in self.lab.nodes.values() for event in node.events()]
        self.expect("node-dead" not in told, f"both were to know that the other lives: {told}")
        self.expect_never_two()

    def test_daemon_is_killed(self) -> None:
        """A daemon that is killed leaves its nginx; the one that follows releases it before anything else."""
        self.start_both()
        self.lab.alpha.kill()
        self.served_by("beta")
        left = self.nginx(self.lab.alpha)
        self.expect(left, "it was to be left behind: nobody ended it")
        shell = [needs.tool("unshare"), "--uts", "sh", "-c", MACHINE, "sh", "alpha"]
        self.lab.alpha.start(under=[*shell, str(self.lab.folder / "alpha"), str(self.etc)])
        self.wait_until(lambda: self.lab.whole("beta"), "beta holds it, and alpha has let go")
        self.assertEqual(self.nginx(self.lab.alpha), [])


def name_of(pid: int) -> str:
    """The name of a process's program; empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""

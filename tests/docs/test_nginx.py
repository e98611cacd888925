"""conf/scripts/nginx with the real nginx on loopback; conf/heart-nginx.toml and docs/nginx.md fit it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.config import interpret
from heart.config.model import AddressResource, ScriptResource
from heart.config.toml import read_toml
from tests.config.support import machine
from tests.docs.scripts import PATIENCE, SCRIPTS, ScriptCase, runs, signal_all
from tests.docs.support import DOCS, ROOT
from tests.whole import needs

SITE = ROOT / "conf" / "nginx" / "web.conf"


def free_port() -> int:
    """A TCP port of loopback on which nobody listens."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


class NginxCase(ScriptCase):
    """The site of conf/nginx on loopback."""

    def setUp(self) -> None:
        """Write the site's configuration; nothing is started yet."""
        needs.demand(needs.nginx)
        super().setUp()
        self.port = free_port()
        text = SITE.read_text().replace("listen 10.0.0.100:80;", f"listen 127.0.0.1:{self.port};")
        text = re.sub(r"syslog:[^ ;]*", f"{self.folder}/log", text)
        self.site = self.folder / "web.conf"
        self.site.write_text(text.replace("worker_processes auto;", "worker_processes 2;"))
        self.command = [str(SCRIPTS / "nginx"), str(self.site), f"http://127.0.0.1:{self.port}/node"]
        self.addCleanup(self.kill)

    def environment(self) -> dict[str, str]:
        """Where it keeps its state."""
        return {"NGINX_STATE": str(self.state)}

    def processes(self) -> list[int]:
        """What runs of this nginx: who has the site's log open, which is not how the script finds it."""
        log, found = self.folder / "log", []
        for entry in Path("/proc").iterdir():
            try:
                opened = [link.readlink() for link in (entry / "fd").iterdir()]
            except OSError:
                continue
            if log in opened and entry.name.isdigit() and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        return found

    def master(self) -> int:
        """The process of which the pid file speaks."""
        return int((self.state / "nginx-web.pid").read_text())

    def page(self) -> str:
        """What a client is served."""
        client = HTTPConnection("127.0.0.1", self.port, timeout=5)
        self.addCleanup(client.close)
        client.request("GET", "/node")
        return client.getresponse().read().decode()

    def start(self) -> None:
        """Start it, and see that it serves."""
        self.expect("start", 0)
        self.assertEqual(self.page(), f"{socket.gethostname().lower()}\n")

    def spoil(self, right: str, wrong: str) -> None:
        """Change the site's configuration."""
        text = self.site.read_text()
        self.assertIn(right, text)
        self.site.write_text(text.replace(right, wrong))

    def kill(self) -> None:
        """Leave nothing."""
        signal_all(self.processes(), signal.SIGKILL)


class LifeTests(NginxCase):
    """All is as it should be."""

    def test_life(self) -> None:
        """Started, asked and stopped, each time twice: what is so already is success, and nothing is left."""
        self.expect("status", 3, "does not run")
        self.start()
        master = self.master()
        self.expect("status", 0)
        self.expect("start", 0)
        self.assertEqual(self.master(), master, "it was to be left alone")
        self.expect("stop", 0)
        self.assertEqual(self.processes(), [])
        self.expect("stop", 0)
        self.expect("status", 3, "does not run")

    def test_requests_end(self) -> None:
        """A planned stop waits for a request under way, for a while; in an emergency it does not."""
        slow = "location = /slow { limit_rate 10; return 200 'a page that takes half a minute'; }"
        self.spoil("location = /node {", f"{slow}\nlocation = /node {{")
        took = {}
        for reason in ("move", "lease"):
            self.start()
            with socket.create_connection(("127.0.0.1", self.port)) as client:
                client.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
                self.assertNotEqual(client.recv(1), b"", "the request was to be under way")
                took[reason] = self.expect("stop", 0, HEART_REASON=reason).seconds
            self.assertEqual(self.processes(), [])
        self.assertGreaterEqual(took["move"], 2)
        self.assertLess(took["lease"], 1.5)

    def test_reload(self) -> None:
        """A changed configuration is taken up by `reload`, which does nothing where it does not run."""
        needs.demand(needs.root)
        self.expect("reload", 0, "nothing to reload")
        self.start()
        self.spoil("$hostname", "changed")
        self.expect("reload", 0, "reloaded")
        self.wait_until(lambda: self.page() == "changed\n", "the new page is served")
        self.expect("status", 0)


class TroubleTests(NginxCase):
    """Things that happen to an nginx."""

    def test_killed(self) -> None:
        """All of it is killed: it is stopped, whatever the pid file says, and can be started."""
        self.start()
        signal_all(self.processes(), signal.SIGKILL)
        self.wait_until(lambda: not self.processes(), "it is dead")
        self.assertTrue((self.state / "nginx-web.pid").exists())
        self.expect("status", 3, "does not run")
        self.start()

    def test_master_killed(self) -> None:
        """Its master alone is killed: workers that go on serving are noticed, and ended by start and stop."""
        for action in ("start", "stop"):
            self.start()
            orphans = [pid for pid in self.processes() if pid != self.master()]
            os.kill(self.master(), signal.SIGKILL)
            self.wait_until(lambda: not runs(self.master()), "its master is dead")
            self.page()
            self.expect("status", 1, "the master of nginx is gone")
            self.expect(action, 0)
            self.assertEqual([pid for pid in orphans if runs(pid)], [])
        self.assertEqual(self.processes(), [])

    def test_hangs(self) -> None:
        """It hangs, with its port open: noticed in seconds, and a start makes it serve again."""
        self.start()
        signal_all(self.processes(), signal.SIGSTOP)
        self.assertLess(self.expect("status", 1, "no answer within 2 s").seconds, 10)
        self.start()

    def test_hangs_in_emergency(self) -> None:
        """An emergency stop of one that hangs is a matter of a moment, and not of its grace."""
        self.start()
        signal_all(self.processes(), signal.SIGSTOP)
        self.assertLess(self.expect("stop", 0, HEART_REASON="lease").seconds, 1.5)
        self.assertEqual(self.processes(), [])

    def test_number_of_another(self) -> None:
        """The number in a pid file that was left is somebody else's by now: who is left alone."""
        self.state.mkdir()
        other = self.begin_other()
        (self.state / "nginx-web.pid").write_text(f"{other}\n")
        self.expect("status", 3, "does not run")
        self.expect("stop", 0)
        (self.state / "nginx-web.pid").write_text(f"{other}\n")
        self.start()
        self.assertTrue(runs(other))

    def begin_other(self) -> int:
        """A process that has nothing to do with it."""
        other = subprocess.Popen(["/bin/sleep", "60"])

        def end() -> None:
            other.kill()
            other.wait(PATIENCE)

        self.addCleanup(end)
        return other.pid

    def test_broken_configuration(self) -> None:
        """A configuration that nginx refuses: a start fails with its line; one that runs goes on."""
        self.start()
        self.spoil("server_tokens off;", "server_tokens of;")
        self.expect("status", 0)
        if os.geteuid() == 0:
            self.expect("reload", 1, "invalid value", "web.conf:")
            self.expect("test", 1, "invalid value", "web.conf:")
        self.expect("stop", 0)
        self.expect("start", 1, "nginx: invalid value", "web.conf:")
        self.assertEqual(self.processes(), [])

    def test_configuration_is_gone(self) -> None:
        """Without its configuration it can be asked and stopped all the same."""
        self.start()
        self.site.unlink()
        self.expect("status", 0)
        self.expect("stop", 0)
        self.expect("start", 1, "No such file")

    def test_without_the_address(self) -> None:
        """The example as it is passes `test` on a machine that has not got its address."""
        needs.demand(needs.namespaces)
        self.command[1:] = [str(SITE), "http://10.0.0.100/node"]
        self.expect("test", 0, "is good")

    def test_page_is_wrong(self) -> None:
        """A page that answers with an error is no service: it does not count as started."""
        self.spoil("return 200", "return 503")
        self.expect("start", 1, "answers with 503")
        self.expect("stop", 0)
        self.assertEqual(self.processes(), [])

    def test_port_is_taken(self) -> None:
        """Who else has the port is asked for in the line."""
        with socket.create_server(("127.0.0.1", self.port)):
            self.expect("start", 1, "Address already in use", "nginx.service")

    def test_address_is_missing(self) -> None:
        """Where the address is not on this machine the line says what to correct."""
        self.spoil(f"127.0.0.1:{self.port}", f"192.0.2.1:{self.port}")
        self.expect("start", 1, "the address has to stand before this script")

    def test_usage(self) -> None:
        """What Heart never says is refused."""
        self.expect("begin", 2, "expected start, stop")
        self.command[2] = "127.0.0.1"
        self.expect("start", 2, "expected http://")


class EndedTests(NginxCase):
    """Calls whose time is over: their process group gets SIGTERM."""

    def end_group(self, action: str, **given: str) -> int:
        """Begin a call, and end it a moment later; its exit status."""
        running = self.begin(action, given)
        time.sleep(0.3)  # nothing tells from outside how far it is
        self.assertIsNone(running.poll(), "it was to be under way")
        os.killpg(running.pid, signal.SIGTERM)
        running.communicate(timeout=PATIENCE)
        return running.returncode

    def test_start(self) -> None:
        """A start is ended while nginx tries again and again to listen: nothing of it is left."""
        with socket.create_server(("127.0.0.1", self.port)):
            self.assertNotEqual(self.end_group("start"), 0)
        self.expect("stop", 0)
        self.assertEqual(self.processes(), [])

    def test_stop(self) -> None:
        """A stop is ended while nginx hangs: it is killed all the same."""
        self.start()
        signal_all(self.processes(), signal.SIGSTOP)
        self.assertNotEqual(self.end_group("stop"), 0)
        self.wait_until(lambda: not self.processes(), "it is killed")


class ExampleTests(SynchronousTestCase):
    """conf/heart-nginx.toml, conf/nginx/web.conf and docs/nginx.md."""

    def setUp(self) -> None:
        """Read the files."""
        file = ROOT / "conf" / "heart-nginx.toml"
        self.configuration = interpret(read_toml(file), file, "alpha", machine(), judge_key=False)
        self.site = SITE.read_text()
        self.page = (DOCS / "nginx.md").read_text()

    def test_fits(self) -> None:
        """The files name the same address, the script is that of conf/, and the address comes first."""
        (service,) = self.configuration.services
        address, script = service.resources
        assert isinstance(address, AddressResource)
        assert isinstance(script, ScriptResource)
        host = address.address.partition("/")[0]
        self.assertIn(f"listen {host}:80;", self.site)
        command, site, page = script.command
        self.assertEqual(page, f"http://{host}/node")
        self.assertIn("location = /node {", self.site)
        for path in (command, site):
            self.assertTrue((ROOT / "conf" / Path(path).relative_to("/etc/heart")).exists(), path)
        self.assertEqual(re.findall(r"^\s*(?:pid|daemon|master_process) ", self.site, re.MULTILINE), [])

    def test_warnings(self) -> None:
        """`heart check` warns of nothing but what two nodes are."""
        told = [line.partition(": ")[2].partition(":")[0] for line in self.configuration.warnings]
        self.assertEqual(told, ["arbiter"])

    def test_document(self) -> None:
        """What docs/nginx.md installs and calls exists."""
        files = set(re.findall(r"conf/[\w./-]+", self.page))
        self.assertLessEqual({"conf/heart-nginx.toml", "conf/scripts/nginx", "conf/nginx/web.conf"}, files)
        self.assertEqual([name for name in sorted(files) if not (ROOT / name).exists()], [])
        called = set(re.findall(r"/etc/heart/scripts/nginx \S+ \S+ (\w+)", self.page))
        script = (SCRIPTS / "nginx").read_text()
        self.assertEqual([word for word in called if f"\n{word})" not in script], [])
        self.assertIn("test", called)

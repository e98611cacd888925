"""Two daemons on a system that has none of what only Linux has: that says so, and everything else works."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from heart.control.client import DaemonUnreachable, ask
from heart.keys import write_new_key
from tests.node.daemon import free_port, read
from tests.node.processes import begin, environment, until
from tests.node.support import short_folder
from tests.whole.cable import Cable

# Runs twistd or heart as if this were another system: no netlink or packet sockets, no binding to a device,
# no /proc, no epoll, no clock that counts a suspended machine, no setsid.
ELSEWHERE = """
import errno, os, select, shutil, socket, sys, time

for module, prefixes in (
    (select, ("epoll", "EPOLL")),
    (socket, ("AF_NETLINK", "NETLINK_", "AF_PACKET", "PACKET_", "SO_BINDTODEVICE")),
    (time, ("CLOCK_BOOTTIME",)),
):
    for name in [name for name in vars(module) if name.startswith(prefixes)]:
        delattr(module, name)
NETLINK, PACKET = 16, 17
stat = os.stat

def is_proc(path):
    return isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith("/proc")

def stat_elsewhere(path, *args, **kwargs):
    if is_proc(path):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
    return stat(path, *args, **kwargs)

def audit(event, args):
    if event in ("open", "os.listdir", "os.scandir") and is_proc(args[0]):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", args[0])
    if event == "socket.__new__" and args[1] in (NETLINK, PACKET):
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol family")

os.stat = stat_elsewhere
which = shutil.which
shutil.which = lambda name, *args, **kwargs: None if name == "setsid" else which(name, *args, **kwargs)
sys.platform = "freebsd14"
sys.addaudithook(audit)
"""

CONFIGURATION = """\
cluster = "web"
key_file = "heart.key"
[timing]
beat = "50ms"
late = "800ms"
dead = "1s"
lease = "900ms"
start = "1s"
[nodes.alpha]
[nodes.alpha.links.cable]
device = "{alpha}"
[nodes.beta]
[nodes.beta.links.cable]
device = "{beta}"
[links.lan]
kind = "udp"
peers = {{alpha = "127.0.0.1:{port}", beta = "127.0.0.1:{other}"}}
[links.cable]
kind = "serial"
baud = 115200
[links.card]
kind = "udp"
interface = "lo"
port = {third}
[services.site]
nodes = ["alpha", "beta"]
stop = "500ms"
monitor = "500ms"
[[services.site.resources]]
kind = "script"
command = ["site"]
[services.ip]
nodes = ["beta"]
restarts = 0
[[services.ip.resources]]
kind = "address"
address = "10.99.99.1/24"
interface = "lo"
[paths]
state = "state"
run = "run"
"""

SCRIPT = """\
#!/bin/sh
echo "$HEART_NODE $1" >> {diary}
"""


class BeyondLinuxTests(SynchronousTestCase):
    """Core, links by address, null-modem cable and scripts, without the rest."""

    def setUp(self) -> None:
        self.folder = short_folder(self)
        cable = Cable(self.folder, ("alpha", "beta"))
        self.addCleanup(cable.remove)
        self.config = self.folder / "heart.toml"
        self.config.write_text(
            CONFIGURATION.format(
                alpha=cable.device("alpha"),
                beta=cable.device("beta"),
                port=free_port(),
                other=free_port(),
                third=free_port(),
            )
        )
        write_new_key(self.folder / "heart.key")
        self.diary = self.folder / "diary"
        script = self.folder / "site"
        script.write_text(SCRIPT.format(diary=self.diary))
        script.chmod(0o755)

    def elsewhere(self, program: str, *words: str) -> list[str]:
        """The command line of a Python program on such a system."""
        return [sys.executable, "-P", "-c", f"{ELSEWHERE}\n{program}", *words]

    def start(self, node: str) -> subprocess.Popen[bytes]:
        """Start a daemon."""
        command = self.elsewhere(
            "from twisted.scripts.twistd import run; run()",
            *("-n", f"--logfile={self.log(node)}", "heart", "--config", str(self.config), "--node", node),
        )
        return begin(self, command, cwd=self.folder, stdin=subprocess.DEVNULL, env=environment())

    def log(self, node: str) -> Path:
        """What a daemon writes."""
        return self.folder / f"{node}.log"

    def status(self, node: str) -> dict[str, Any]:
        """What a daemon knows; empty where it does not answer."""
        try:
            answer: dict[str, Any] = ask(self.folder / "run" / f"web.{node}.sock", {"command": "status"})
        except DaemonUnreachable:
            return {}
        return answer

    def told(self, node: str, kind: str, name: str) -> dict[str, Any]:
        """One thing of a daemon's status; empty where there is none."""
        found = (one for one in self.status(node).get(kind, ()) if one["name"] == name)
        return next(found, {})

    def holds(self, node: str) -> bool:
        """Whether a daemon holds the service."""
        service = self.told(node, "services", "site")
        return (service.get("holder"), service.get("state")) == (node, "held")

    def hears(self, node: str, link: str) -> bool:
        """Whether a daemon has heard the other one, and the other has heard it, on a link just now."""
        peers = self.told(node, "links", link).get("peers", ())
        ages = [age for peer in peers for age in (peer["heard"], peer["hears_us"])]
        return bool(ages) and all(age is not None and age < 0.8 for age in ages)

    def test_everything_else_works(self) -> None:
        """They beat on both links, run, check and move a script, and take over when the holder is killed."""
        alpha, beta = self.start("alpha"), self.start("beta")
        until(lambda: self.holds("alpha"), "alpha holds the service")
        until(lambda: all(self.hears("alpha", link) for link in ("lan", "cable")), "both links beat")
        command = self.elsewhere(
            "from heart.cli.main import main; main()",
            *("move", "site", "beta", "--config", str(self.config), "--node", "alpha"),
        )
        moved = subprocess.run(command, env=environment(), capture_output=True, check=False, timeout=60)
        self.assertEqual(moved.returncode, 0, moved.stderr)
        until(lambda: self.holds("beta"), "beta holds the service")
        until(lambda: "beta status" in read(self.diary), "its status is asked for")
        beta.send_signal(signal.SIGKILL)
        until(lambda: self.holds("alpha"), "alpha takes it over")
        alpha.send_signal(signal.SIGTERM)
        self.assertIn(alpha.wait(20), (0, -signal.SIGTERM))
        self.assertEqual(read(self.diary).splitlines()[-1], "alpha stop")
        self.assertNotIn("Traceback", read(self.log("alpha")) + read(self.log("beta")))

    def test_what_is_missing_says_so(self) -> None:
        """A link on an interface and a service with an address each say in one line that they need Linux."""
        self.start("beta")
        until(lambda: self.told("beta", "services", "ip").get("state") == "failed", "the address has failed")
        service, link = self.told("beta", "services", "ip"), self.told("beta", "links", "card")
        self.assertIn("need Linux", service["reason"])
        self.assertEqual(link["state"], "down")
        self.assertIn("needs Linux", link["reason"])
        for reason in (service["reason"], link["reason"]):
            self.assertEqual(len(reason.splitlines()), 1)
        self.assertNotIn("Traceback", read(self.log("beta")))

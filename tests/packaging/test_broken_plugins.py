"""Two real daemons with plug-ins that break every promise: they beat on, and hold what can be held."""

from __future__ import annotations

import json
from typing import Any

from tests.packaging.plugged import Daemons

CONFIGURATION = """\
cluster = "web"
key_file = "heart.key"
[timing]
start = "2s"
[nodes.alpha]
[nodes.beta]
[links.lan]
kind = "udp"
broadcast = "127.255.255.255"
port = 27696
[links.bad]
kind = "bad"
[services.site]
nodes = ["alpha", "beta"]
restarts = 5
[[services.site.resources]]
kind = "bad"
[arbiter]
kind = "bad"
[paths]
state = "state"
run = "run"
"""

PLUGINS = """\
from threading import Event, Thread, Timer
from twisted.internet.defer import Deferred, succeed
from twisted.plugin import IPlugin
from zope.interface import implementer
from heart.interfaces import *

class Kind:
    kind = "bad"
    def check(self, keys):
        keys.clear()
        return ()

@implementer(IPlugin, ILinkKind)
class LinkKind(Kind):
    def make(self, name, keys, reactor, in_thread):
        return Link(reactor)

@implementer(ILink)
class Link:
    name, skipped, damaged = "another", "many", None
    def __init__(self, reactor):
        self.reactor = reactor
    def start(self, user):
        user.link_up("nobody's")
        def flood():
            for _ in range(100):
                user.frames_received("nobody's", [b"x" * 50, "text", None])
                Event().wait(0.01)
        Thread(target=flood, daemon=True).start()
        self.reactor.callLater(0, user.frames_received, None, 5)
    def send(self, frame):
        raise RuntimeError("send")
    def drain(self):
        raise RuntimeError("drain")
    def descriptor(self):
        raise RuntimeError("descriptor")
    def stop(self):
        return Deferred()

@implementer(IPlugin, IArbiterKind)
class ArbiterKind(Kind):
    def make(self, keys, reactor, in_thread):
        return Arbiter()

@implementer(IArbiter)
class Arbiter:
    name = "another"
    asked = 0
    def ask(self, question):
        self.asked += 1
        if self.asked == 1:
            raise RuntimeError("ask")
        if self.asked == 2:
            return "yes"
        if self.asked == 3:
            return succeed("yes")
        answer = Deferred()
        Timer(0.1, answer.callback, (True,)).start()
        return answer

@implementer(IPlugin, IResourceKind)
class ResourceKind(Kind):
    def make(self, keys, reactor, in_thread):
        return Resource()

@implementer(IResource)
class Resource:
    label, output, pid = "bad\\nlabel", 5, "x"
    starts = 0
    def watch(self, user):
        Thread(target=user.lost, args=(None, 5)).start()
    def close(self):
        raise RuntimeError("close")
    def status(self, tenure):
        return None
    def start(self, tenure):
        self.starts += 1
        return None if self.starts == 1 else succeed(tenure)
    async def stop(self, tenure, budget):
        return budget
    def interrupt(self, budget):
        return None
    def announce(self):
        raise RuntimeError("announce")

link, arbiter, resource = LinkKind(), ArbiterKind(), ResourceKind()
"""


class BrokenTests(Daemons):
    """A link, a resource and an arbiter beside a sound link."""

    configuration = CONFIGURATION

    def environment(self) -> dict[str, str]:
        """The plug-ins are on Python's path, once they are written."""
        place = self.folder / "twisted" / "plugins"
        place.mkdir(parents=True, exist_ok=True)
        (place / "heart_bad.py").write_text(PLUGINS)
        return super().environment() | {"PYTHONPATH": str(self.folder)}

    def told(self, node: str, *words: str) -> list[str]:
        """The lines of a node's log with all of these words."""
        return [line for line in self.log_of(node).read_text().splitlines() if all(w in line for w in words)]

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Alpha's events of a kind."""
        events = [json.loads(line) for line in self.ask("events", "alpha").splitlines()]
        return [event for event in events if event["kind"] == kind]

    def test_broken(self) -> None:
        """Only a clear yes of the arbiter counts, a start that says nothing failed, and nobody is dead."""
        self.until(lambda: self.service("alpha").get("state") == "held", "alpha holds it after all")
        granted = [event["granted"] for event in self.events("arbiter")]
        self.assertEqual(granted, [False, False, False, True])
        self.assertIn(
            "bad label: start gave back None; expected a Deferred", self.events("failed")[0]["reason"]
        )
        for node, peer in (("alpha", "beta"), ("beta", "alpha")):
            status = json.loads(self.ask("status", node))
            states = {told["name"]: told["state"] for told in status["nodes"]}
            self.assertEqual(states, {"alpha": "up", "beta": "up"})
            lan, bad = status["links"]
            self.assertGreater(bad["skipped"], 10)
            self.assertGreater(bad["damaged"], 0)
            self.assertIsNone(bad["peers"][0]["heard"])
            self.assertEqual((lan["peers"][0]["peer"], lan["skipped"]), (peer, 0))
            self.assertEqual(len(self.told(node, "link bad: its plug-in failed in send")), 1)
        self.assertEqual(self.events("node-dead"), [])

    def test_ends(self) -> None:
        """A daemon lets go, says goodbye and ends, though its plug-in never says that the link is closed."""
        self.until(lambda: self.service("alpha").get("state") == "held", "alpha holds it after all")
        self.daemons["alpha"].terminate()
        self.assertIn(self.daemons["alpha"].wait(10), (0, -15))
        self.assertTrue(self.told("alpha", "has let go of everything and ends"))
        self.until(lambda: self.service("beta").get("state") == "held", "beta holds it")

"""A changed configuration and changed keys, taken up by daemons that go on beating."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

from tests.whole.case import WholeNodeTests
from tests.whole.nodes import Node, link, services
from tests.whole.settings import cluster_text

FAST = 'beat = "20ms"\nlate = "100ms"\ndead = "500ms"'


class Case(WholeNodeTests):
    """Both nodes read the same file; each is told by itself to read it anew."""

    def write(self, change: Callable[[str], str] = lambda text: text, **wish: str) -> None:
        """Write the configuration anew: with other wishes, and then changed."""
        devices = {name: self.lab.cable.device(name) for name in self.lab.nodes}
        config = self.lab.folder / "heart.toml"
        config.write_text(change(cluster_text(devices, replace(self.wish, **wish))))

    def reload(self, node: Node, expected: int = 0) -> str:
        """Have a node reload; what the command printed."""
        code, output = node.heart("reload")
        self.expect(code == expected, f"heart reload on {node.name} ended with {code}: {output}")
        return output

    def lost(self) -> dict[tuple[str, str], int]:
        """How many frames of the other node each node has missed on each link."""
        return {
            (node.name, name): peer["lost"]
            for node in self.lab.nodes.values()
            for name in ("lan", "cable")
            for peer in link(node.status(), name)["peers"]
        }

    def refused(self) -> int:
        """How many frames were refused so far, on any link of any node."""
        told = [
            link(node.status(), name)["refused"]
            for node in self.lab.nodes.values()
            for name in ("lan", "cable")
        ]
        return sum(sum(counts.values()) for counts in told)

    def changes(self, node: Node) -> int:
        """How often a node has taken a changed configuration up."""
        told = [event["reason"] for event in node.events() if event["kind"] == "configuration"]
        return sum("taken up" in reason for reason in told)


class ReloadTests(Case):
    """`heart reload`, and SIGHUP."""

    def test_under_load(self) -> None:
        """With every core busy, twenty reloads on both nodes cost no beat, and the service stays."""
        self.start_both()
        before = self.lost()
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        try:
            for number in range(10):
                self.write(timing=f'beat = "100ms"\nsettle = "{10 + number}s"')
                for node in self.lab.nodes.values():
                    self.assertIn("timing.settle", self.reload(node)) if number else self.reload(node)
        finally:
            for process in busy:
                process.kill()
                process.wait(10)
        self.assertEqual(self.lost(), before)
        self.assertEqual(len(self.lab.watch.changes()), 1)
        for node in self.lab.nodes.values():
            told = {event["kind"] for event in node.events()}
            self.expect(not {"node-dead", "node-late", "release", "link-down"} & told, f"{node.name}: {told}")

    def test_faster_beats(self) -> None:
        """Beats five times as fast, one node after the other, by SIGHUP: nobody is missed meanwhile."""
        self.start_both()
        self.write(timing=FAST)
        self.lab.alpha.send(signal.SIGHUP)
        self.wait_until(lambda: self.changes(self.lab.alpha) == 1, "alpha has taken it up")
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service")
        self.lab.beta.send(signal.SIGHUP)
        self.wait_until(lambda: self.changes(self.lab.beta) == 1, "beta has taken it up")
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service")
        for node in self.lab.nodes.values():
            told = {event["kind"] for event in node.events()}
            self.expect(not {"node-dead", "node-late", "release"} & told, f"{node.name}: {told}")
        self.lose_machine(self.lab.alpha)
        self.wait_until(
            lambda: services(self.lab.beta.status()).get("web") == ("beta", "held"), "beta takes over"
        )

    def test_wrong_file(self) -> None:
        """A wrong file is refused with its lines, and the daemon goes on with what it has."""
        self.start_both()
        self.write(lambda text: text.replace('kind = "serial"', 'kind = "cereal"'))
        output = self.reload(self.lab.alpha, expected=1)
        self.assertIn("links.cable.kind", output)
        self.write(lambda text: text.replace('cluster = "web"', 'cluster = "other"'))
        self.assertIn("cluster", self.reload(self.lab.alpha, expected=1))
        self.lab.alpha.send(signal.SIGHUP)
        self.wait_until(lambda: "stays in force" in self.lab.alpha.log(), "the log tells of it")
        self.remains(lambda: self.lab.whole("alpha"), "nothing has changed")

    def test_what_differs(self) -> None:
        """While only one node has a changed file, both name the keys that differ; then no more."""
        self.start_both()
        self.write(service='monitor = "5s"')
        self.assertIn("services.web.monitor", self.reload(self.lab.alpha))

        def differences(node: Node) -> dict[str, list[str]]:
            """The other nodes whose configuration differs, with the keys."""
            return dict((node.status() or {}).get("differences", {}))

        self.wait_until(lambda: "alpha" in differences(self.lab.beta), "beta sees it")
        self.assertEqual(differences(self.lab.alpha), {"beta": ["services.web.monitor"]})
        self.reload(self.lab.beta)
        self.wait_until(
            lambda: not any(differences(node) for node in self.lab.nodes.values()), "both run the same"
        )

    def test_a_link_and_a_resource(self) -> None:
        """A link more, another link's port, and a script more: the service stays, what it has goes on."""
        self.start_both()
        more = '[links.second]\nkind = "udp"\ninterface = "eth0"\nport = 695\n'
        script = '[[services.web.resources]]\nkind = "script"\ncommand = ["/bin/true"]\n'
        self.write(
            lambda text: text.replace("[services.web]", f"{more}\n[services.web]").replace(
                "[paths]", f"{script}\n[paths]"
            )
        )
        for node in self.lab.nodes.values():
            self.reload(node)
        self.wait_until(
            lambda: all(link(node.status(), "second")["state"] == "up" for node in self.lab.nodes.values()),
            "the new link beats",
        )
        self.wait_until(lambda: self.lab.whole("alpha"), "alpha holds it")
        self.assertEqual([one.action for one in self.lab.journal()], ["start"])
        self.assertEqual(len(self.lab.watch.changes()), 1)
        self.expect_never_two()


class KeyTests(Case):
    """The key of a running cluster is changed."""

    def write_keys(self, *keys: tuple[int, str]) -> None:
        """Write the key file, in place: its mode stays."""
        (self.lab.folder / "heart.key").write_text("".join(f"{number} {key}\n" for number, key in keys))

    def test_rotation(self) -> None:
        """Add, reload everywhere, make first, reload, remove, reload: no frame is refused on the way."""
        self.start_both()
        old = (1, (self.lab.folder / "heart.key").read_text().split()[-1])
        new = (2, secrets.token_hex(32))
        before = self.refused()
        for keys in ((old, new), (new, old), (new,)):
            self.write_keys(*keys)
            for node in self.lab.nodes.values():
                self.reload(node)
                self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service", 0.5)
        self.remains(lambda: self.lab.whole("alpha"), "both hear each other")
        self.assertEqual(self.refused(), before)

    def test_too_early(self) -> None:
        """No key can sign that the other node has not got, and none with which it signs can be taken away."""
        self.start_both()
        old = (1, (self.lab.folder / "heart.key").read_text().split()[-1])
        new = (2, secrets.token_hex(32))
        self.write_keys(old, new)
        self.reload(self.lab.alpha)
        self.write_keys(new, old)
        self.assertIn("key 2 cannot sign yet, beta", self.reload(self.lab.alpha, expected=1))
        self.write_keys(old, new)
        self.reload(self.lab.beta)
        self.write_keys(new, old)
        self.wait_until(lambda: self.lab.alpha.heart("reload")[0] == 0, "alpha knows that beta has it")
        self.write_keys(new)
        self.assertIn("key 1", self.reload(self.lab.alpha, expected=1))
        self.remains(lambda: self.lab.held_by("alpha"), "nothing has changed")

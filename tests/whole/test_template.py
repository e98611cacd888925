"""conf/scripts/template on whole nodes: the replica with the newest data is the one that starts."""

from __future__ import annotations

from tests.docs.scripts import SCRIPTS
from tests.whole.case import WholeNodeTests
from tests.whole.nodes import Node
from tests.whole.settings import Wish

RESOURCE = """restarts = 0

[[services.web.resources]]
kind = "script"
command = ["template"]
"""


class TemplateTests(WholeNodeTests):
    """A service whose script refuses to start beside newer data."""

    wish = Wish(service=RESOURCE)

    def setUp(self) -> None:
        """Give each node a state of its own: here they share their files."""
        super().setUp()
        script = self.lab.folder / "template"
        state = f"TEMPLATE_STATE={self.lab.folder}/$HEART_NODE.template"
        script.write_text(f'#!/bin/sh\nexport {state}\nexec {SCRIPTS}/template "$@"\n')
        script.chmod(0o755)

    def publish(self, node: Node, position: str) -> None:
        """Say how new a node's data is."""
        code, output = node.heart("set", "web.position", position)
        self.expect(code == 0, output)

    def test_newest(self) -> None:
        """After both were down the node with the newer data has the service, though the other comes first."""
        self.start_both()
        self.publish(self.lab.alpha, "7:90")
        self.publish(self.lab.beta, "8:10")
        self.stop(self.lab.alpha)
        self.wait_until(lambda: self.lab.held_by("beta"), "beta holds it")
        self.stop(self.lab.beta)
        self.lab.alpha.start()
        self.lab.beta.start()
        self.wait_until(lambda: self.lab.whole("beta"), "beta holds it again", 60)
        reasons = [event["reason"] for event in self.lab.alpha.events() if event["kind"] == "failed"]
        self.expect(len(reasons) == 1, f"alpha was to refuse once: {reasons}")
        self.assertIn("beta has newer data than alpha: web.position is 8:10 there, 7:90 here", reasons[0])
        self.expect_never_two()

    def test_last_one(self) -> None:
        """Where the node with the newer data is dead, the other takes over all the same."""
        self.start_both()
        self.publish(self.lab.alpha, "8:10")
        self.publish(self.lab.beta, "7:90")
        self.lose_machine(self.lab.alpha)
        self.wait_until(lambda: "beta" in self.lab.watch.holders(), "beta takes it over")

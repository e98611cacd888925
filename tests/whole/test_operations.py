"""The daily work on real daemons: services that are moved, that fail, that come back."""

from __future__ import annotations

import json

from tests.whole.case import WholeNodeTests
from tests.whole.nodes import Node, services
from tests.whole.settings import Wish

QUICK = 'beat = "100ms"\nsettle = "1s"'


class Case(WholeNodeTests):
    """Commands given as an administrator gives them."""

    def order(self, node: Node, *words: str) -> str:
        """Give a command on a node; what it printed, once it is done."""
        code, output = node.heart(*words)
        self.expect(code == 0, f"heart {' '.join(words)} on {node.name} ended with {code}: {output}")
        return output

    def refused(self, node: Node, *words: str) -> str:
        """Give a command on a node that is to be refused; what it printed."""
        code, output = node.heart(*words)
        self.expect(code == 1, f"heart {' '.join(words)} on {node.name} ended with {code}: {output}")
        return output

    def reasons(self) -> list[tuple[str, str, str]]:
        """Node, action and reason of all that the script has done."""
        return [(one.node, one.action, one.reason) for one in self.lab.journal()]

    def state(self, node: Node) -> tuple[str | None, str] | None:
        """Holder and state of the service as a node knows it."""
        return services(node.status()).get("web")

    def cut_everything(self) -> None:
        """No beat passes between the nodes any more."""
        self.lab.network.cut("alpha")
        self.lab.cable.cut()

    def heal_everything(self) -> None:
        """All beats pass again."""
        self.lab.network.heal("alpha")
        self.lab.cable.heal()


class MoveTests(Case):
    """`heart move`."""

    def test_there_and_back(self) -> None:
        """Ordered at the holder and at the other node, it moves each time, and scripts are told why."""
        self.start_both()
        self.assertIn("web has moved from alpha to beta", self.order(self.lab.alpha, "move", "web"))
        self.wait_until(lambda: self.lab.whole("beta"), "beta holds it")
        self.assertIn("web has moved from beta to alpha", self.order(self.lab.alpha, "move", "web", "alpha"))
        self.wait_until(lambda: self.lab.whole("alpha"), "alpha holds it")
        moves = self.reasons()[1:]
        self.assertEqual(
            moves,
            [
                ("alpha", "stop", "move"),
                ("beta", "start", "move"),
                ("beta", "stop", "move"),
                ("alpha", "start", "move"),
            ],
        )
        self.expect_never_two()

    def test_at_both_nodes_at_once(self) -> None:
        """The same order at both nodes at once is one move, and both are told so."""
        self.start_both()
        asked = [node.begin_heart("move", "web", "beta") for node in self.lab.nodes.values()]
        ends = [(running.communicate(timeout=90)[0], running.returncode) for running in asked]
        self.assertEqual([code for _, code in ends], [0, 0], ends)
        self.wait_until(lambda: self.lab.whole("beta"), "beta holds it")
        self.assertEqual([action for _, action, _ in self.reasons()], ["start", "stop", "start"])
        self.expect_never_two()

    def test_opposite_orders_at_once(self) -> None:
        """Opposite orders at both nodes at once end with one holder, and each is told how."""
        self.start_both()
        asked = [
            self.lab.alpha.begin_heart("move", "web", "beta"),
            self.lab.beta.begin_heart("move", "web", "alpha"),
        ]
        for running in asked:
            output, _ = running.communicate(timeout=90)
            self.assertEqual((running.returncode in (0, 1), len(output.splitlines())), (True, 1), output)
        self.wait_until(lambda: self.lab.whole("alpha") or self.lab.whole("beta"), "one node holds it")
        self.expect_never_two()

    def test_during_a_takeover(self) -> None:
        """Ordered while the service is being started, it goes where it was ordered to."""
        self.lab.does("alpha", "start", "sleep 1")
        self.lab.alpha.start()
        self.lab.beta.start()
        self.wait_until(lambda: self.state(self.lab.beta) == ("alpha", "starting"), "alpha starts it")
        self.assertIn("to beta", self.order(self.lab.beta, "move", "web", "beta"))
        self.wait_until(lambda: self.lab.whole("beta"), "beta holds it")
        self.expect_never_two()

    def test_during_a_cut(self) -> None:
        """With every cable cut nothing is moved, and the reason is told; healed, one holder is there."""
        self.start_both()
        self.cut_everything()
        self.wait_until(lambda: self.state(self.lab.beta) == ("beta", "held"), "beta thinks alpha dead")
        self.assertIn("beta is dead", self.refused(self.lab.alpha, "move", "web", "beta"))
        self.heal_everything()
        self.wait_until(lambda: self.lab.whole("alpha") or self.lab.whole("beta"), "one node holds it")

    def test_cut_in_the_middle(self) -> None:
        """Every cable is cut while the service is being stopped for a move: once healed one node holds it."""
        self.lab.does("alpha", "stop", "sleep 1")
        self.start_both()
        moving = self.lab.beta.begin_heart("move", "web", "beta")
        self.wait_until(lambda: self.state(self.lab.alpha) == ("alpha", "stopping"), "alpha lets go")
        self.cut_everything()
        self.wait_until(lambda: "beta" in self.lab.watch.holders(), "beta takes it when alpha is silent")
        self.heal_everything()
        self.wait_until(lambda: self.lab.whole("alpha") or self.lab.whole("beta"), "one node holds it")
        moving.communicate(timeout=90)

    def test_what_cannot_be(self) -> None:
        """What does not exist is refused in one line; what is so already is done."""
        self.start_both()
        self.assertIn("there is no service db", self.refused(self.lab.alpha, "move", "db"))
        self.assertIn("gamma", self.refused(self.lab.alpha, "move", "web", "gamma"))
        self.assertIn("alpha holds web already", self.order(self.lab.beta, "move", "web", "alpha"))


class StandbyTests(Case):
    """`heart standby` and `heart active`."""

    def test_while_the_node_is_away(self) -> None:
        """A node that is put in standby while it is away takes nothing when it returns, until told."""
        self.start_both()
        self.lab.beta.kill()
        self.wait_until(lambda: self.lab.held_by("alpha"), "alpha holds it")
        self.assertIn("beta", self.order(self.lab.alpha, "standby", "beta"))
        self.stop(self.lab.alpha)
        self.lab.alpha.start()
        self.lab.beta.start()
        self.wait_until(lambda: self.lab.whole("alpha"), "alpha holds it again")
        self.refused(self.lab.alpha, "move", "web", "beta")
        self.lose_machine(self.lab.alpha)
        self.wait_until(
            lambda: (
                not self.lab.watch.holders() - {"alpha"} and self.state(self.lab.beta) == (None, "stopped")
            ),
            "beta thinks alpha dead, and takes nothing",
        )
        self.order(self.lab.beta, "active", "beta")
        self.wait_until(lambda: self.state(self.lab.beta) == ("beta", "held"), "beta takes it when told")

    def test_holder(self) -> None:
        """The holder in standby hands over at once, whichever node was asked."""
        self.start_both()
        self.assertIn("web is held by beta", self.order(self.lab.beta, "standby", "alpha"))
        self.wait_until(lambda: self.lab.whole("beta"), "beta holds it")
        status = self.lab.beta.status() or {"nodes": []}
        self.assertEqual(
            {node["name"]: node["standby"] for node in status["nodes"]}, {"alpha": True, "beta": False}
        )
        self.expect_never_two()


class MonitorTests(Case):
    """A service that dies under a living node."""

    wish = Wish(timeout="1s", timing=QUICK, service='monitor = "200ms"\nrestarts = 1')

    def test_on_one_node(self) -> None:
        """What fails on one node alone is started again there, then moves, and stays away."""
        self.start_both()
        self.lab.does("alpha", "status", "exit 1")
        self.wait_until(lambda: self.lab.held_by("beta"), "beta takes it over")
        actions = [(node, action) for node, action, _ in self.reasons()]
        self.assertEqual(
            actions,
            [("alpha", "start"), ("alpha", "stop"), ("alpha", "start"), ("alpha", "stop"), ("beta", "start")],
        )
        self.remains(lambda: self.lab.held_by("beta"), "beta keeps it")
        self.assertIn("it failed on alpha", self.refused(self.lab.beta, "move", "web", "alpha"))
        self.expect_never_two()

    def test_everywhere(self) -> None:
        """What fails on both nodes rests with its reason, until an operator says that it is mended."""
        for name in self.lab.nodes:
            self.lab.does(name, "status", "echo no disk >&2; exit 1")
        self.lab.alpha.start()
        self.lab.beta.start()
        self.wait_until(
            lambda: [self.state(node) for node in self.lab.nodes.values()] == [(None, "failed")] * 2,
            "it has failed on both",
            60,
        )
        (service,) = (self.lab.beta.status() or {})["services"]
        self.assertEqual(set(service["failed"]), {"alpha", "beta"})
        self.assertIn("no disk", service["reason"])
        self.remains(lambda: not self.lab.watch.holders(), "it rests")
        for name in self.lab.nodes:
            self.lab.does_nothing(name, "status")
        self.order(self.lab.beta, "retry", "web")
        self.wait_until(lambda: self.lab.whole("alpha") or self.lab.whole("beta"), "it runs again")

    def test_status_that_hangs(self) -> None:
        """A status that hangs is killed at its time, counts as a failure, and holds up no beat."""
        self.start_both()
        self.lab.does("alpha", "status", "trap '' TERM; while :; do sleep 1; done")
        self.wait_until(lambda: self.lab.held_by("beta"), "beta takes it over", 60)
        for node in self.lab.nodes.values():
            told = [event["kind"] for event in node.events()]
            self.expect(
                not {"node-dead", "slept", "node-late"} & set(told), f"{node.name} was to beat on: {told}"
            )
        self.expect_never_two()


class FailbackTests(Case):
    """`failback = true`."""

    wish = Wish(timing=QUICK, service="failback = true")

    def test_after_settle(self) -> None:
        """A preferred node that returns has the service again once it is steady, with one holder always."""
        self.start_both()
        self.stop(self.lab.alpha)
        self.wait_until(lambda: self.lab.held_by("beta"), "beta holds it")
        self.lab.alpha.start()
        self.wait_until(lambda: self.lab.whole("alpha"), "alpha has it back")
        self.assertEqual(self.reasons()[-2:], [("beta", "stop", "failback"), ("alpha", "start", "failback")])
        self.expect_never_two()


class AttributeTests(Case):
    """`heart set`."""

    def test_reaches_scripts(self) -> None:
        """What is set on either node is known on both, and handed to the scripts."""
        self.lab.does("beta", "start", 'echo "$HEART_ATTRIBUTES" > "$folder/attributes"')
        self.start_both()
        self.order(self.lab.alpha, "set", "lag", "5")
        self.order(self.lab.beta, "set", "lag", "0.2")
        self.wait_until(
            lambda: all(
                {node["name"]: node["attributes"] for node in (asked.status() or {"nodes": []})["nodes"]}
                == {"alpha": {"lag": "5"}, "beta": {"lag": "0.2"}}
                for asked in self.lab.nodes.values()
            ),
            "both know of both",
        )
        self.order(self.lab.alpha, "move", "web", "beta")
        told = json.loads((self.lab.folder / "attributes").read_text())
        self.assertEqual(told, {"alpha": {"lag": "5"}, "beta": {"lag": "0.2"}})

"""What every test of whole nodes begins with, and how it waits: for conditions, never for a time alone."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.docs.status_schema import assert_fits
from tests.whole import needs
from tests.whole.lab import Lab
from tests.whole.nodes import Node
from tests.whole.settings import Wish

LONG = 15.0
"""Seconds that anything may take: the machines that run this are slow, and busy with other things."""

QUIET = 3.0
"""Seconds for which nothing must happen, where nothing is to happen: three times `dead`."""

STEP = 0.02

CHANGES = frozenset(
    {"node-dead", "node-left", "takeover", "held", "release", "released", "failed", "conflict"}
)
"""The kinds of events that tell of a change for a service or of a verdict on a node."""


class WaitingTests(SynchronousTestCase):
    """A test of real daemons. They are other processes: waiting here holds up nobody."""

    needs: tuple[needs.Need, ...] = ()

    def setUp(self) -> None:
        needs.demand(needs.namespaces, *self.needs)
        # Who ends the tests before their time wants nothing of the lab to be left, either.
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGTERM, before)

    def story(self) -> str:
        """All there is to know of what happened, for who has to find out why a test failed."""
        raise NotImplementedError

    def wait_until(self, condition: Callable[[], Any], what: str, seconds: float = LONG) -> None:
        """Wait until something is so; fail, with all there is to know, where it is not so in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"waited {seconds:g} s in vain: {what}{self.story()}")
            time.sleep(STEP)

    def remains(self, condition: Callable[[], Any], what: str, seconds: float = QUIET) -> None:
        """See that something is so, and stays so for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.expect(condition(), f"not so, or not for {seconds:g} s: {what}")
            time.sleep(STEP)

    def expect(self, true: object, what: str) -> None:
        """Fail, with all there is to know, where something is not so."""
        if not true:
            self.fail(what + self.story())

    def stop(self, node: Node) -> None:
        """Stop a node as it should be; twistd ends itself with the same signal once everything is done."""
        self.expect(node.terminate() in (0, -signal.SIGTERM), f"{node.name} ended badly")


class WholeNodeTests(WaitingTests):
    """A test with a lab of its own."""

    wish = Wish()

    def setUp(self) -> None:
        super().setUp()
        self.lab = Lab(self.wish)
        self.addCleanup(self.lab.remove)

    def story(self) -> str:
        """What the lab has seen."""
        return self.lab.story()

    def start_both(self) -> None:
        """Start both nodes, and wait until alpha holds the service and they hear each other everywhere."""
        self.lab.alpha.start()
        self.lab.beta.start()
        self.wait_until(
            lambda: self.lab.whole("alpha"), "alpha holds the service, and both links beat", 2 * LONG
        )
        for node in self.lab.nodes.values():
            assert_fits(node.status())

    def lose_machine(self, node: Node) -> None:
        """A machine dies as a whole: its daemon is killed, and both its cables are dead."""
        self.lab.network.cut(node.name)
        self.lab.cable.cut()
        node.kill()

    def expect_never_two(self) -> None:
        """Neither the address nor the script was ever on two nodes at once."""
        self.expect(not self.lab.watch.ever_two(), "two nodes had the address at once")
        self.expect(not self.lab.overlaps(), f"two nodes ran the script at once: {self.lab.overlaps()}")

    def expect_no_change(self, node: Node, after: int) -> None:
        """No event after that one tells of a change for a service or of a verdict on a node."""
        told = [event for event in node.events() if event["sequence"] > after and event["kind"] in CHANGES]
        self.expect(not told, f"{node.name} was to notice nothing, and told: {told}")

    def newest(self, node: Node) -> int:
        """The sequence number of a node's newest event."""
        events = node.events()
        self.expect(events, f"{node.name} has no events")
        return int(events[-1]["sequence"])

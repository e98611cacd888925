"""How nodes come back: again and again, to old recordings, and with neither memory nor the right time."""

from __future__ import annotations

import signal
import time
from random import Random

from heart.keys import load_keys
from tests.whole import needs
from tests.whole.case import LONG, WholeNodeTests
from tests.whole.forging import Stranger
from tests.whole.nodes import Node, kinds, services, states
from tests.whole.settings import PORT
from tests.whole.timeofday import FakedClocks

BROADCAST = "10.77.0.255"
RESTARTS = 20  # of each node
BREATH = 1.2  # seconds that a daemon lives at most before it is ended again


class RestartTests(WholeNodeTests):
    """Daemons that are ended and started, by those who ask and by those who do not."""

    def end(self, node: Node, how: signal.Signals) -> None:
        """End a daemon, in order or not."""
        node.send(how)
        node.wait()

    def test_again_and_again(self) -> None:
        """Both restart at random for long: one holds the service in the end, and nothing is left over."""
        random = Random(5)
        self.start_both()
        names = list(self.lab.nodes) * RESTARTS
        random.shuffle(names)
        for name in names:
            node = self.lab.nodes[name]
            self.end(node, random.choice((signal.SIGTERM, signal.SIGKILL)))
            node.start()
            time.sleep(random.uniform(0, BREATH))
        self.wait_until(
            lambda: self.lab.whole("alpha") or self.lab.whole("beta"), "one holds the service", 2 * LONG
        )
        holder = next(iter(self.lab.watch.holders()))
        self.remains(lambda: self.lab.whole(holder), f"{holder} keeps the service")
        starts = [one for one in self.lab.journal() if one.action == "start"]
        self.expect(len(starts) > 3, "the service was to be taken over meanwhile")
        terms = {one.term: one.node for one in starts}
        self.assertEqual([terms[one.term] for one in starts], [one.node for one in starts])
        for node in self.lab.nodes.values():
            self.stop(node)
            self.expect(not node.namespace.processes(), f"processes are left over on {node.name}")
        self.assertEqual(self.lab.watch.holders(), frozenset())
        left = {path.name for path in (self.lab.folder / "run").iterdir()}
        self.assertEqual({name for name in left if name.endswith((".sock", ".pid", ".new"))}, set())


class RecordingTests(WholeNodeTests):
    """A stranger on the LAN who plays what was said."""

    def test_to_one_that_restarts(self) -> None:
        """The last beats of a dead holder, missed by one and played to it over and over, revive nobody."""
        keys = load_keys(self.lab.folder / "heart.key")
        stranger = Stranger(self.lab.network.hosts["client"].udp(PORT), (BROADCAST, PORT), keys)
        self.addCleanup(stranger.close)
        self.start_both()
        frames = stranger.listen("alpha", 20)
        self.lab.beta.kill()
        frames += stranger.listen("alpha", 30)
        self.lose_machine(self.lab.alpha)
        self.lab.beta.start()

        def taken_over() -> bool:
            stranger.send(frames)
            return services(self.lab.beta.status()) == {"web": ("beta", "held")}

        self.wait_until(taken_over, "beta takes over while alpha's beats are replayed")
        self.assertNotIn("node-up", kinds(self.lab.beta.events()))
        self.assertNotEqual(states(self.lab.beta.status())["alpha"], "up")


class ForgetfulTests(WholeNodeTests):
    """A node whose disk is replaced, and whose battery is empty."""

    needs = (needs.faketime,)

    def setUp(self) -> None:
        self.clocks = FakedClocks()
        self.addCleanup(self.clocks.sweep)
        super().setUp()

    def test_behind_the_others(self) -> None:
        """Without its state, an hour behind, it is heard; it takes over later with a term of its own."""
        self.start_both()
        self.stop(self.lab.alpha)
        self.wait_until(lambda: self.lab.held_by("beta"), "beta takes over")
        for kept in (self.lab.folder / "state").glob("*.alpha.*"):
            kept.unlink()
        self.clocks.set(self.lab.alpha, -3600)
        self.clocks.start(self.lab.alpha)
        self.wait_until(lambda: self.lab.whole("beta"), "alpha is heard, and hears", 2 * LONG)
        self.lose_machine(self.lab.beta)
        self.wait_until(
            lambda: services(self.lab.alpha.status()) == {"web": ("alpha", "held")}, "alpha takes over"
        )
        terms = [one.term for one in self.lab.journal() if one.action == "start"]
        self.assertEqual(terms, sorted(set(terms)))
        self.assertEqual(len(terms), 3)

"""Beats that are forged, replayed and sent in floods: counted by reason, and without effect."""

from __future__ import annotations

from random import Random

from heart.beat import PROBE
from heart.codec import Codec
from heart.keys import Keys, load_keys
from tests.whole.case import WholeNodeTests
from tests.whole.forging import CLUSTER, Stranger, flip, forge, goodbye, rubbish, signed_garbage
from tests.whole.nodes import Node, kinds, link, services, states
from tests.whole.settings import PORT

BROADCAST = "10.77.0.255"
FLOOD = 200_000
LOG_LINES = 15


class ForgeryTests(WholeNodeTests):
    """A stranger on the LAN."""

    def setUp(self) -> None:
        super().setUp()
        keys = load_keys(self.lab.folder / "heart.key")
        self.stranger = Stranger(self.lab.network.hosts["client"].udp(PORT), (BROADCAST, PORT), keys)
        self.addCleanup(self.stranger.close)

    def refused(self, node: Node) -> dict[str, int]:
        """What a node has refused on the LAN, by reason."""
        counts: dict[str, int] = link(node.status(), "lan")["refused"]
        return counts

    def expect_refused(self, reason: str, frames: list[bytes], both: bool = True) -> None:
        """Each of these frames is refused for that reason, by both nodes or by one."""
        before = {node.name: self.refused(node).get(reason, 0) for node in self.lab.nodes.values()}
        self.stranger.send(frames)

        def counted() -> bool:
            grown = [
                self.refused(node).get(reason, 0) - before[node.name] for node in self.lab.nodes.values()
            ]
            return min(grown) >= len(frames) if both else max(grown) >= len(frames)

        self.wait_until(counted, f"{len(frames)} frames are refused as {reason}")

    def another_key(self, key_id: int) -> Codec:
        """What signs for the same cluster with a key that is not the cluster's."""
        return Codec(CLUSTER, Keys({key_id: b"x" * 32}, key_id))

    def test_forged(self) -> None:
        """Every kind of forgery is refused for its own reason, and changes nothing."""
        self.start_both()
        newest = {node.name: self.newest(node) for node in self.lab.nodes.values()}
        stranger, random = self.stranger, Random(1)
        frame = stranger.listen("alpha", 1)[0]
        ours = stranger.keys.signing
        foreign = [goodbye("alpha"), goodbye("beta"), forge("alpha"), forge("beta", flags=PROBE)]
        self.expect_refused("length", [b"x", frame[:20], bytes(1201), frame + bytes(1200)])
        self.expect_refused("version", [b"\xff" + frame[1:], random.randbytes(300)])
        self.expect_refused("cluster", [Codec("other", stranger.keys).encode(beat) for beat in foreign])
        self.expect_refused("key", [self.another_key((ours + 1) % 256).encode(beat) for beat in foreign])
        self.expect_refused("signature", [self.another_key(ours).encode(beat) for beat in foreign])
        self.expect_refused("signature", [frame[:-1], frame + b"x", frame[:60] + flip(frame[60:], random)])
        self.expect_refused(
            "malformed", [signed_garbage(stranger.keys, body) for body in (b"\xc1", b"beat" * 9)]
        )
        self.expect_refused(
            "unknown-node", [stranger.codec.encode(forge("gamma")), stranger.codec.encode(goodbye("x"))]
        )
        self.remains(lambda: self.lab.whole("alpha"), "all is well")
        for node in self.lab.nodes.values():
            self.expect_no_change(node, newest[node.name])
        self.assertEqual([(one.node, one.action) for one in self.lab.journal()], [("alpha", "start")])

    def test_replayed(self) -> None:
        """Beats sent again are refused as replayed by the node that has heard them, and change nothing."""
        self.start_both()
        newest = {node.name: self.newest(node) for node in self.lab.nodes.values()}
        self.expect_refused("replayed", self.stranger.listen("alpha", 10), both=False)
        self.expect_refused("replayed", self.stranger.listen("beta", 10), both=False)
        self.remains(lambda: self.lab.whole("alpha"), "all is well")
        for node in self.lab.nodes.values():
            self.expect_no_change(node, newest[node.name])
            peer = link(node.status(), "lan")["peers"][0]
            self.expect(
                peer["refused"].get("replayed", 0) >= 10, "the refused ones are counted for their node"
            )

    def test_replayed_after_death(self) -> None:
        """A dead holder's beats, sent over and over, do not keep it alive."""
        self.start_both()
        frames = self.stranger.listen("alpha", 30)
        self.lose_machine(self.lab.alpha)

        def taken_over() -> bool:
            self.stranger.send(frames)
            return services(self.lab.beta.status()) == {"web": ("beta", "held")}

        self.wait_until(taken_over, "beta takes over while alpha's beats are replayed")
        self.stranger.send(frames)
        self.remains(lambda: states(self.lab.beta.status()).get("alpha") == "dead", "alpha stays dead", 1)

    def test_replayed_to_a_newborn(self) -> None:
        """Who lost its memory is not made to believe in a dead node by that node's old beats."""
        self.start_both()
        frames = self.stranger.listen("alpha", 30)
        self.lose_machine(self.lab.alpha)
        self.lab.beta.kill()
        for kept in (self.lab.folder / "state").glob("*.beta.*"):
            kept.unlink()
        self.lab.beta.start()

        def taken_over() -> bool:
            self.stranger.send(frames)
            return services(self.lab.beta.status()) == {"web": ("beta", "held")}

        self.wait_until(taken_over, "beta takes over while alpha's beats are replayed")
        self.assertNotIn("node-up", kinds(self.lab.beta.events()))

    def test_flood(self) -> None:
        """A flood of forgeries changes nothing, kills nobody, and fills no log."""
        self.start_both()
        nodes = self.lab.nodes.values()
        newest = {node.name: self.newest(node) for node in nodes}
        lines = {node.name: len(node.log().splitlines()) for node in nodes}
        frames = self.stranger.listen("alpha", 20) + self.stranger.listen("beta", 20)
        self.stranger.flood(rubbish(frames, 2000, Random(2)), FLOOD, self.expect_no_other_holder)
        self.wait_until(lambda: self.lab.whole("alpha"), "all is well after the flood")
        for node in nodes:
            self.expect_no_change(node, newest[node.name])
            refused = sum(self.refused(node).values())
            self.expect(
                refused > FLOOD / 20, f"{node.name} was to meet the flood, and refused {refused} frames"
            )
            told = len(node.log().splitlines()) - lines[node.name]
            self.expect(told <= LOG_LINES, f"{node.name} wrote {told} lines about the flood")
        self.assertEqual([(one.node, one.action) for one in self.lab.journal()], [("alpha", "start")])

    def expect_no_other_holder(self) -> None:
        """The address is where it was."""
        self.expect(self.lab.watch.holders() == {"alpha"}, "alpha was to keep the service")

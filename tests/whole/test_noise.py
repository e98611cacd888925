"""Links that lose and spoil what they carry: no wrong verdict, and the right one when it is due."""

from __future__ import annotations

from tests.whole import needs
from tests.whole.cable import Noise
from tests.whole.case import WholeNodeTests
from tests.whole.nodes import Node, hears, link, services
from tests.whole.settings import PORT

LOSS = f"""
table inet heart {{
    chain input {{
        type filter hook input priority 0;
        udp dport {PORT} numgen random mod 100 < 30 drop
    }}
}}
"""
A_WHILE = 8.0


class LossTests(WholeNodeTests):
    """A LAN that loses three of ten beats, and no other cable."""

    needs = (needs.nft,)

    def lost(self, node: Node) -> int:
        """How many beats of its peer a node knows to be lost on the LAN."""
        peers = link(node.status(), "lan")["peers"]
        return int(peers[0]["lost"]) if peers else 0

    def test_loss(self) -> None:
        """Nothing happens while beats are lost; the death of the holder is still seen, and acted on."""
        self.start_both()
        self.lab.cable.cut()
        for node in self.lab.nodes.values():
            node.namespace.run(needs.tool("nft"), "-f", "-", feed=LOSS)
        before = {node.name: (self.newest(node), self.lost(node)) for node in self.lab.nodes.values()}
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service", A_WHILE)
        for node in self.lab.nodes.values():
            newest, lost = before[node.name]
            self.expect_no_change(node, newest)
            gone = self.lost(node) - lost
            self.expect(gone >= 8, f"of some 80 beats {node.name} was to miss about 24, and missed {gone}")
        self.expect_never_two()
        self.lose_machine(self.lab.alpha)
        self.wait_until(
            lambda: services(self.lab.beta.status()) == {"web": ("beta", "held")}, "beta takes over"
        )
        self.assertEqual(self.lab.journal()[-1].reason, "dead")


class NoiseTests(WholeNodeTests):
    """A cable that spoils bytes, and adds some."""

    def test_beside_a_lan(self) -> None:
        """On a line of nothing but garbage nothing is heard, and the LAN carries everything."""
        self.start_both()
        before = {node.name: self.newest(node) for node in self.lab.nodes.values()}
        noise = Noise(0.2)
        self.lab.cable.make_noise(noise)
        self.wait_until(
            lambda: not hears(self.lab.alpha.status(), "cable", 1.2), "the cable is useless to alpha"
        )
        self.wait_until(
            lambda: not hears(self.lab.beta.status(), "cable", 1.2), "the cable is useless to beta"
        )
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service")
        self.expect(noise.spoilt > 1000, "there was to be noise")
        for node in self.lab.nodes.values():
            self.expect(hears(node.status(), "lan"), "the LAN beats")
            self.expect_no_change(node, before[node.name])
        self.lab.cable.heal()
        self.wait_until(lambda: self.lab.whole("alpha"), "the cable beats again")

    def test_alone(self) -> None:
        """With the LAN cut, a cable that spoils every third beat is enough to tell life from death."""
        self.start_both()
        before = {node.name: self.newest(node) for node in self.lab.nodes.values()}
        noise = Noise(0.003)
        self.lab.cable.make_noise(noise)
        self.lab.network.cut("alpha")
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service", A_WHILE)
        for node in self.lab.nodes.values():
            self.expect_no_change(node, before[node.name])
            known = link(node.status(), "cable")
            self.expect(known["peers"][0]["lost"] >= 8, f"{node.name} was to miss about 25 of some 80 beats")
            refused = sum(known["refused"].values())
            self.expect(refused >= 3, f"{node.name} was to refuse what was spoilt, and refused {refused}")
        self.lose_machine(self.lab.alpha)
        self.wait_until(
            lambda: services(self.lab.beta.status()) == {"web": ("beta", "held")}, "beta takes over"
        )

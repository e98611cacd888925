"""UDP links of every kind under real daemons, and two clusters on one network."""

from __future__ import annotations

from pathlib import Path

from heart.keys import write_new_key
from tests.whole import lab
from tests.whole.case import LONG, WholeNodeTests
from tests.whole.netns import Namespace
from tests.whole.nodes import Node, hears, link, services, states
from tests.whole.settings import PORT

BROADCAST = 'interface = "eth0"'
GROUP = 'group = "239.77.1.2"\ninterface = "eth0"'
IPV6_GROUP = 'group = "ff02::4865"\ninterface = "eth0"'
IPV6_PEERS = f'peers = {{alpha = "[fd77::1]:{PORT}", beta = "[fd77::2]:{PORT}"}}'


class Case(WholeNodeTests):
    """A lab whose LAN is used by another medium."""

    def use(self, medium: str) -> None:
        """Have the LAN's link by that medium; before anything is started."""
        config = self.lab.folder / "heart.toml"
        text = config.read_text()
        self.assertEqual(text.count(f'kind = "udp"\n{BROADCAST}\n'), 1)
        config.write_text(text.replace(f'kind = "udp"\n{BROADCAST}\n', f'kind = "udp"\n{medium}\n'))


class MediumTests(Case):
    """The LAN by each medium that its link may have."""

    def lan_alone(self) -> bool:
        """Whether each node hears the other on the LAN, and not on the cable."""
        told = [node.status() for node in self.lab.nodes.values()]
        return all(hears(status, "lan") and not hears(status, "cable") for status in told)

    def expect_good(self, medium: str) -> None:
        """With the cable cut it keeps the nodes together; when the holder dies too, the other takes over."""
        self.use(medium)
        self.start_both()
        self.lab.cable.cut()
        self.wait_until(self.lan_alone, "only the LAN beats")
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service")
        self.lose_machine(self.lab.alpha)
        self.wait_until(lambda: "beta" in self.lab.watch.holders(), "beta takes over")

    def test_group(self) -> None:
        """Two nodes in an IPv4 multicast group."""
        self.expect_good(GROUP)

    def test_ipv6_group(self) -> None:
        """Two nodes in an IPv6 multicast group."""
        self.expect_good(IPV6_GROUP)

    def test_ipv6_peers(self) -> None:
        """Two nodes that know each other's IPv6 addresses."""
        for number, node in enumerate(self.lab.nodes.values(), 1):
            node.namespace.ip("addr", "add", f"fd77::{number}/64", "dev", "eth0", "nodad")
        self.expect_good(IPV6_PEERS)

    def test_card_of_a_group(self) -> None:
        """A card that is pulled and replaced costs the group nothing: it is joined again."""
        self.use(GROUP)
        self.start_both()
        self.lab.network.take_interface("beta")
        self.wait_until(lambda: link(self.lab.beta.status(), "lan")["state"] == "down", "it is told")
        self.lab.network.give_interface("beta")
        self.wait_until(lambda: self.lab.whole("alpha"), "both links beat again")


class OtherNode(Node):
    """A node of the other cluster."""

    @property
    def socket(self) -> Path:
        """The daemon's control socket."""
        return self._run / f"db.{self.name}.sock"


def write_other(folder: Path, medium: str) -> Path:
    """The configuration and key of the other cluster, whose nodes are gamma and delta."""
    write_new_key(folder / "heart.key")
    config = folder / "heart.toml"
    config.write_text(
        f"""cluster = "db"
key_file = "heart.key"
[nodes.gamma]
[nodes.delta]
[links.lan]
kind = "udp"
{medium}
port = {PORT}
[services.base]
nodes = ["gamma", "delta"]
[[services.base.resources]]
kind = "address"
address = "10.77.0.101/24"
interface = "eth0"
[paths]
state = "state"
run = "run"
"""
    )
    return config


class TwoClustersTests(Case):
    """Two clusters on one bridge, with the same port, each with its own key."""

    def setUp(self) -> None:
        self.patch(lab, "HOSTS", {**lab.HOSTS, "gamma": 3, "delta": 4})
        super().setUp()
        self.folder = self.lab.folder / "other"
        self.folder.mkdir()

    def start_other(self, medium: str) -> None:
        """Start the other cluster, and wait until it has a holder."""
        config = write_other(self.folder, medium)
        hosts: dict[str, Namespace] = self.lab.network.hosts
        self.others = [OtherNode(name, hosts[name], self.folder, config) for name in ("gamma", "delta")]
        for node in self.others:
            self.addCleanup(node.reap)
            node.start()
        self.wait_until(
            lambda: all(self.other_is_well(node) for node in self.others), "it has a holder", 2 * LONG
        )

    def other_is_well(self, node: Node) -> bool:
        """Whether a node of the other cluster sees it whole, and held by gamma."""
        status = node.status()
        held = services(status) == {"base": ("gamma", "held")}
        return held and states(status) == {"gamma": "up", "delta": "up"} and hears(status, "lan")

    def expect_apart(self, medium: str) -> None:
        """Each cluster has its holder, and neither shows or tells of the other, whose beats it does get."""
        self.use(medium)
        self.start_both()
        self.start_other(medium)
        self.remains(
            lambda: self.lab.whole("alpha") and all(self.other_is_well(node) for node in self.others),
            "both clusters are whole",
        )
        for node in (*self.lab.nodes.values(), *self.others):
            status = node.status()
            self.assertEqual(len(states(status)), 2)
            self.assertGreater(link(status, "lan")["refused"].get("cluster", 0), 0)
            told = [event for event in node.events() if event["kind"] in ("refused", "conflict", "node-dead")]
            self.expect(not told, f"{node.name} was to notice nothing, and told: {told}")
        self.expect_never_two()

    def test_broadcast(self) -> None:
        """By broadcast."""
        self.expect_apart(BROADCAST)

    def test_group(self) -> None:
        """In one multicast group."""
        self.expect_apart(GROUP)

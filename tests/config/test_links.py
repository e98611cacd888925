"""Tests of heart.config.links and heart.config.link_rules, through the files that they read."""

from __future__ import annotations

from heart.config.model import SerialLink, UdpLink
from tests.config.support import ABSENT, Changes, ConfigurationCase, machine

UDP_KEYS = "expected one of broadcast, interface, port"
BAUDS = "9600, 19200, 38400, 57600, 115200, 230400, 460800"


class LinkTests(ConfigurationCase):
    """What one link says."""

    def test_too_many(self) -> None:
        """A node has no more links than a beat can speak of."""
        more: dict[str, object] = {
            f"links/x{n}": {"kind": "udp", "broadcast": f"10.{n}.255.255", "port": 7000 + n} for n in range(7)
        }
        self.assert_refused(
            more,
            "links: expected 8 links at most on a node; alpha has 9",
            "links: expected 8 links at most on a node; beta has 9",
        )

    def test_read(self) -> None:
        """Links have the default port, baud rate and nodes where nothing is said."""
        lan, cable = self.read().links
        self.assertEqual(lan, UdpLink("lan", ("alpha", "beta", "watcher"), 694, None, "eth0"))
        self.assertEqual(cable, SerialLink("cable", ("alpha", "beta"), "/dev/ttyS0", 115200))

    def test_broadcast(self) -> None:
        """A link is given by its broadcast address as well."""
        changes = {"links/lan/interface": ABSENT, "links/lan/broadcast": "10.0.0.255", "links/lan/port": 6940}
        lan = self.read(changes).links[0]
        self.assertEqual(lan, UdpLink("lan", ("alpha", "beta", "watcher"), 6940, "10.0.0.255", None))

    def test_only_own_links(self) -> None:
        """A node's view has its own links alone."""
        view = self.read({}, machine("watcher"))
        self.assertEqual([link.name for link in view.links], ["lan"])

    def test_relative_device(self) -> None:
        """A device is relative to the file's folder."""
        link = self.read({"links/cable/device": "line"}).links[1]
        self.assertEqual(link, SerialLink("cable", ("alpha", "beta"), str(self.folder / "line"), 115200))

    def test_kind(self) -> None:
        """A kind that is none, or none at all, is refused."""
        self.assert_refused(
            {"links/lan/kind": "tcp"}, 'links.lan.kind: expected "udp" or "serial", not "tcp"'
        )
        self.assert_refused({"links/lan/kind": ABSENT}, 'links.lan.kind: missing; expected "udp" or "serial"')
        self.assert_refused(
            {"links/lan/kind": ["udp"]}, 'links.lan.kind: expected "udp" or "serial", not ["udp"]'
        )

    def test_no_medium(self) -> None:
        """A link needs something that carries its beats."""
        self.assert_refused(
            {"links/lan/interface": ABSENT},
            "links.lan: no medium; expected exactly one of broadcast and interface",
        )
        self.assert_refused(
            {"links/cable/device": ABSENT},
            'links.cable: no medium; expected a device such as device = "/dev/ttyS0"',
        )

    def test_two_media(self) -> None:
        """A link has one medium."""
        self.assert_refused(
            {"links/lan/broadcast": "10.0.0.255"},
            "links.lan: broadcast and interface are both said; expected exactly one of them",
        )

    def test_later_media(self) -> None:
        """Multicast groups and lists of peers are refused, not ignored, with or without an interface."""
        for key in ("group", "peers"):
            line = f"links.lan.{key}: not available in this version; expected broadcast or interface"
            self.assert_refused({f"links/lan/{key}": "239.0.0.1"}, line)
            self.assert_refused({f"links/lan/{key}": {}, "links/lan/interface": ABSENT}, line)

    def test_port(self) -> None:
        """A port is 1 to 65535."""
        for port, shown in {0: "0", 65536: "65536", True: "true", "694": '"694"', 694.0: "694.0"}.items():
            self.assert_refused(
                {"links/lan/port": port},
                f"links.lan.port: expected a whole number from 1 to 65535, not {shown}",
            )
        for port in (1, 65535):
            self.assertEqual(getattr(self.read({"links/lan/port": port}).links[0], "port", None), port)

    def test_baud(self) -> None:
        """A baud rate is one of the standard ones."""
        for baud in (300, 115201, 921600):
            self.assert_refused(
                {"links/cable/baud": baud}, f"links.cable.baud: expected one of {BAUDS}, not {baud}"
            )

    def test_interface(self) -> None:
        """An interface has a name that the kernel takes."""
        for name in ("", "eth 0", "eth/0", "eth0:1", "a" * 16, "."):
            self.assert_refused(
                {"links/lan/interface": name},
                f'links.lan.interface: expected the name of a network interface such as "eth0", not "{name}"',
            )

    def test_broadcast_address(self) -> None:
        """A broadcast address is an IPv4 address and no multicast group."""
        for address in ("10.0.0", "10.0.0.256", "fe80::1", "10.0.0.255/24", "239.0.0.1", "0.0.0.0"):  # noqa: S104
            self.assert_refused(
                {"links/lan/interface": ABSENT, "links/lan/broadcast": address},
                'links.lan.broadcast: expected an IPv4 broadcast address such as "10.0.0.255", '
                f'not "{address}"',
            )

    def test_device(self) -> None:
        """A device is a path without a home folder's sign or line ends."""
        self.assert_refused(
            {"links/cable/device": "~/tty"},
            "links.cable.device: expected an absolute path or one relative to the file's folder, "
            'not "~/tty": ~ has no meaning here',
        )
        self.assert_refused(
            {"links/cable/device": "a\nb"},
            "links.cable.device: expected a path such as /etc/heart/heart.key or one relative "
            'to the file\'s folder, not "a\\nb"',
        )

    def test_nodes(self) -> None:
        """A link names nodes of the file, each once, and two at least."""
        self.assert_refused(
            {"links/lan/nodes": ["alpha", "bta"]}, 'links.lan.nodes: unknown node "bta"; did you mean beta?'
        )
        self.assert_refused(
            {"links/lan/nodes": ["alpha", "beta", "alpha", "watcher"]},
            "links.lan.nodes: alpha stands there more than once; expected each node once",
        )
        self.assert_refused(
            {"links/lan/nodes": "alpha"},
            'links.lan.nodes: expected a list of names such as ["alpha", "beta"], not "alpha"',
        )
        self.assert_refused(
            {"links/lan/nodes": []},
            'links.lan.nodes: expected a list of names such as ["alpha", "beta"], not an empty list',
        )
        self.assert_refused({"links/lan/nodes": ["alpha"]}, "links.lan.nodes: expected two nodes or more")

    def test_cable_joins_two(self) -> None:
        """A null-modem cable has two ends."""
        self.assert_refused(
            {"links/cable/nodes": ABSENT},
            "links.cable.nodes: expected the two nodes that the cable joins, not all 3: say which",
        )
        self.assert_refused(
            {"links/cable/nodes": ["alpha"]},
            "links.cable.nodes: expected the two nodes that the cable joins, not 1",
        )

    def test_unknown_key(self) -> None:
        """A key of the other kind of link is unknown."""
        self.assert_refused(
            {"links/lan/prot": 694, "links/cable/port": 694},
            "links.lan.prot: unknown key; did you mean port?",
            "links.cable.port: unknown key; expected one of baud, device, kind, nodes",
        )

    def test_name(self) -> None:
        """A link's name is a name."""
        self.assert_refused(
            {"links/Fast LAN": {"kind": "udp", "interface": "eth1"}},
            'links."Fast LAN": expected a name of at most 63 of a-z, 0-9, - and . '
            "that begins with a letter or digit",
        )

    def test_dotted_name(self) -> None:
        """A name with dots and without quotes is met with the way to write it."""
        self.assert_refused(
            {"links/lan/second": {"kind": "udp"}},
            "links.lan.second: unknown key; expected one of broadcast, interface, kind, nodes, port "
            "(a name with dots stands in quotes)",
        )


class OverrideTests(ConfigurationCase):
    """Where a node differs."""

    def test_merged(self) -> None:
        """A node's own device takes the place of the link's, on that node alone."""
        changes: Changes = {"nodes/beta/links/cable/device": "/dev/ttyUSB0"}
        self.assertEqual(getattr(self.read(changes).links[1], "device", None), "/dev/ttyS0")
        self.assertEqual(
            getattr(self.read(changes, machine("beta")).links[1], "device", None), "/dev/ttyUSB0"
        )

    def test_other_medium(self) -> None:
        """A node's own broadcast address takes the place of the link's interface."""
        lan = self.read({"nodes/alpha/links/lan/broadcast": "10.0.0.255"}).links[0]
        self.assertEqual(lan, UdpLink("lan", ("alpha", "beta", "watcher"), 694, "10.0.0.255", None))

    def test_medium_on_each_node(self) -> None:
        """A link needs no medium of its own where each of its nodes has one, and says who has none."""
        changes: Changes = {
            "links/lan/interface": ABSENT,
            "nodes/alpha/links/lan/interface": "eth1",
            "nodes/beta/links/lan/interface": "eth2",
        }
        self.assert_refused(
            changes, "links.lan: no medium on watcher; expected exactly one of broadcast and interface"
        )
        changes["nodes/watcher/links/lan/interface"] = "eth3"
        self.assertEqual(getattr(self.read(changes).links[0], "interface", None), "eth1")

    def test_all_nodes_judged(self) -> None:
        """Another node's overrides are judged as well as this one's."""
        self.assert_refused(
            {"nodes/beta/links/cable/devise": "x", "nodes/alpha/links/lan/port": "x"},
            'nodes.alpha.links.lan.port: expected a whole number from 1 to 65535, not "x"',
            "nodes.beta.links.cable.devise: unknown key; did you mean device?",
        )

    def test_keys_of_the_kind_alone(self) -> None:
        """A node changes neither the kind of a link nor its nodes."""
        self.assert_refused(
            {"nodes/beta/links/lan": {"kind": "udp", "nodes": ["beta"], "interface": "eth1"}},
            f"nodes.beta.links.lan.kind: unknown key; {UDP_KEYS}",
            f"nodes.beta.links.lan.nodes: unknown key; {UDP_KEYS}",
        )

    def test_unknown_link(self) -> None:
        """An override of a link that is not there is refused."""
        self.assert_refused(
            {"nodes/beta/links/cabel/device": "x"},
            'nodes.beta.links.cabel: unknown link "cabel"; did you mean cable?',
        )

    def test_not_its_link(self) -> None:
        """An override of a link that the node does not have is refused."""
        self.assert_refused(
            {"nodes/watcher/links/cable/device": "/dev/ttyS1"},
            "nodes.watcher.links.cable: this node is not among links.cable.nodes; expected no such table",
        )

    def test_alike(self) -> None:
        """Nodes that would talk past each other are refused."""
        self.assert_refused(
            {"nodes/beta/links/lan/port": 695},
            "links.lan.port: 694 on alpha, 695 on beta, 694 on watcher; "
            "expected the same on every node of the link",
        )
        self.assert_refused(
            {"nodes/beta/links/cable/baud": 9600},
            "links.cable.baud: 115200 on alpha, 9600 on beta; expected the same on every node of the link",
        )


class BetweenLinksTests(ConfigurationCase):
    """What must hold between links."""

    def test_same_device(self) -> None:
        """Two links on one device of a node are refused, by however the device is written."""
        second = {"kind": "serial", "nodes": ["alpha", "watcher"], "device": "/dev/./ttyS0"}
        self.assert_refused(
            {"links/second": second},
            "links.second: the device /dev/ttyS0 on alpha is that of links.cable too; "
            "expected a medium of its own",
        )

    def test_same_device_elsewhere(self) -> None:
        """The same device on different nodes is no clash."""
        second = {"kind": "serial", "nodes": ["alpha", "watcher"], "device": "/dev/ttyS1"}
        third = {"kind": "serial", "nodes": ["beta", "watcher"], "device": "/dev/ttyS1"}
        self.assert_refused(
            {"links/second": second, "links/third": third},
            "links.third: the device /dev/ttyS1 on watcher is that of links.second too; "
            "expected a medium of its own",
        )
        self.assertEqual(
            len(self.read({"links/second": second, "links/third": third | {"device": "/dev/ttyS2"}}).links), 3
        )

    def test_same_broadcast(self) -> None:
        """Two links with the same port and broadcast address, or interface, are refused."""
        medium = {"kind": "udp", "broadcast": "10.0.0.255"}
        self.assert_refused(
            {"links/lan": medium, "links/lan2": medium},
            "links.lan2: the broadcast address 10.0.0.255 with port 694 on alpha, beta, watcher "
            "is that of links.lan too; expected a medium of its own",
        )
        self.assert_refused(
            {"links/lan2": {"kind": "udp", "interface": "eth0"}},
            "links.lan2: the interface eth0 with port 694 on alpha, beta, watcher "
            "is that of links.lan too; expected a medium of its own",
        )

    def test_other_port(self) -> None:
        """The same interface with another port is another medium."""
        self.assert_warned({"links/lan2": {"kind": "udp", "interface": "eth0", "port": 695}})

    def test_shared_port(self) -> None:
        """Links that would hear each other's beats are warned of, those tied to interfaces are not."""
        self.assert_warned({"links/lan2": {"kind": "udp", "interface": "eth1"}})
        self.assert_warned(
            {"links/lan2": {"kind": "udp", "broadcast": "10.0.1.255"}},
            "links.lan2.port: on alpha, beta, watcher beats of this link and of links.lan are heard on both, "
            "since they share a port: give each a port of its own, or an interface",
        )

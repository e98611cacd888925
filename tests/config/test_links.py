"""Tests of heart.config.links and heart.config.link_rules, through the files that they read."""

from __future__ import annotations

from heart import plugins
from heart.config.model import PeerAddress, PluginLink, SerialLink, UdpLink
from heart.interfaces import ILinkKind
from tests.config.support import ABSENT, Changes, ConfigurationCase, machine

UDP_KEYS = "expected one of broadcast, group, interface, peers, port"
ONE_MEDIUM = "expected exactly one of broadcast, interface, group and peers"
PEERS = {"alpha": "10.0.0.1", "beta": "10.0.0.2:695", "watcher": "[fd00::3]:696"}
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
            {"links/lan/kind": "tcp"},
            'links.lan.kind: expected "udp" or "serial", not "tcp": no such kind is installed',
        )
        self.assert_refused({"links/lan/kind": ABSENT}, 'links.lan.kind: missing; expected "udp" or "serial"')
        self.assert_refused(
            {"links/lan/kind": ["udp"]}, 'links.lan.kind: expected "udp" or "serial", not ["udp"]'
        )

    def test_no_medium(self) -> None:
        """A link needs something that carries its beats."""
        self.assert_refused(
            {"links/lan/interface": ABSENT},
            f"links.lan: no medium; {ONE_MEDIUM}",
        )
        self.assert_refused(
            {"links/cable/device": ABSENT},
            'links.cable: no medium; expected a device such as device = "/dev/ttyS0"',
        )

    def test_two_media(self) -> None:
        """A link has one medium."""
        self.assert_refused(
            {"links/lan/broadcast": "10.0.0.255"},
            f"links.lan: broadcast, interface stand together; {ONE_MEDIUM} "
            "(interface may stand beside group)",
        )
        self.assert_refused(
            {"links/lan/group": "239.0.0.1", "links/lan/peers": PEERS},
            f"links.lan: interface, group, peers stand together; {ONE_MEDIUM} "
            "(interface may stand beside group)",
        )

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
        for address, advice in {
            "10.0.0": "",
            "10.0.0.256": "",
            "10.0.0.255/24": "",
            "0.0.0.0": "",  # noqa: S104
            "239.0.0.1": ": this is a multicast address: use group",
            "fe80::1": ": IPv6 has none: use group",
            "ff02::1": ": IPv6 has none: use group",
        }.items():
            self.assert_refused(
                {"links/lan/interface": ABSENT, "links/lan/broadcast": address},
                'links.lan.broadcast: expected an IPv4 broadcast address such as "10.0.0.255", '
                f'not "{address}"{advice}',
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
            "links.lan.second: unknown key; expected one of broadcast, group, interface, kind, nodes, peers, "
            "port (a name with dots stands in quotes)",
        )


class GroupTests(ConfigurationCase):
    """Multicast groups."""

    EXPECTED = 'links.lan.group: expected a multicast address such as "239.1.2.3" or "ff02::4865", not '

    def lan(self, group: object, **more: object) -> Changes:
        """The LAN by a group, without an interface."""
        return {"links/lan": {"kind": "udp", "group": group, **more}}

    def test_read(self) -> None:
        """A group stands alone or beside an interface, in IPv4 and IPv6."""
        nodes = ("alpha", "beta", "watcher")
        for group, interface in (("239.1.2.3", None), ("ff05::4865", None), ("239.1.2.3", "eth0")):
            more = {} if interface is None else {"interface": interface}
            lan = self.read(self.lan(group, **more)).links[0]
            self.assertEqual(lan, UdpLink("lan", nodes, 694, interface=interface, group=group))
        lan = self.read(self.lan("FF02::0:4865", interface="eth0")).links[0]
        self.assertEqual(lan, UdpLink("lan", nodes, 694, interface="eth0", group="ff02::4865"))

    def test_refused(self) -> None:
        """What is no group, or none that reaches another machine, is refused with the reason."""
        for group, rest in {
            "10.0.0.1": '"10.0.0.1"',
            "fd00::1": '"fd00::1"',
            "beta": '"beta"',
            7: "7",
            "ff02::1%eth0": '"ff02::1%eth0": the interface is said by the key interface',
            "ff01::1": '"ff01::1": what is sent to ff01::/16 never leaves the machine',
            "ff00::1": '"ff00::1": this one is reserved',
            "ff0f::1": '"ff0f::1": this one is reserved',
        }.items():
            self.assert_refused(self.lan(group, interface="eth0"), self.EXPECTED + rest)

    def test_local_group_needs_an_interface(self) -> None:
        """A link-local group is refused on those nodes that do not say on which interface it is."""
        text = "expected one beside this group, which is another group on each network"
        self.assert_refused(self.lan("ff02::1"), f"links.lan.interface: missing; {text}")
        changes = self.lan("ff12::1")
        changes["nodes/alpha/links/lan/interface"] = "eth1"
        self.assert_refused(changes, f"links.lan.interface: missing on beta, watcher; {text}")
        changes["nodes/beta/links/lan/interface"] = changes["nodes/watcher/links/lan/interface"] = "eth2"
        lan = self.read(changes).links[0]
        self.assertEqual((getattr(lan, "group", 0), getattr(lan, "interface", 0)), ("ff12::1", "eth1"))

    def test_another_interface(self) -> None:
        """A node's own interface is that of the link's group."""
        changes = self.lan("239.1.2.3", interface="eth0")
        changes["nodes/alpha/links/lan/interface"] = "eth1"
        lan = self.read(changes).links[0]
        self.assertEqual((getattr(lan, "group", 0), getattr(lan, "interface", 0)), ("239.1.2.3", "eth1"))

    def test_alike(self) -> None:
        """Nodes that are not in the same group would not hear each other."""
        changes = self.lan("239.1.2.3")
        changes["nodes/alpha/links/lan/group"] = "239.1.2.4"
        changes["nodes/beta/links/lan/broadcast"] = "10.0.0.255"
        self.assert_refused(
            changes,
            "links.lan.group: 239.1.2.4 on alpha, none on beta, 239.1.2.3 on watcher; "
            "expected the same on every node of the link",
        )

    def test_between_links(self) -> None:
        """A group is no second link's too; on a port that is shared only the same group mixes."""
        lan = {"kind": "udp", "group": "239.1.2.3"}
        self.assert_refused(
            {"links/lan": lan, "links/lan2": lan},
            "links.lan2: the group 239.1.2.3 with port 694 on alpha, beta, watcher is that of links.lan too; "
            "expected a medium of its own",
        )
        self.assert_warned(
            {"links/lan": lan, "links/lan2": lan | {"interface": "eth1"}},
            "links.lan2.port: on alpha, beta, watcher beats of this link and of links.lan are heard on both, "
            "since they share a port: give each a port of its own, or an interface",
        )
        self.assert_warned({"links/lan": lan, "links/lan2": {"kind": "udp", "interface": "eth1"}})
        self.assert_warned({"links/lan": lan, "links/lan2": lan | {"group": "239.1.2.4"}})
        on = lan | {"interface": "eth0"}
        self.assert_warned({"links/lan": on, "links/lan2": on | {"interface": "eth1"}})


class PeersTests(ConfigurationCase):
    """Lists of peers."""

    EXPECTED = (
        'expected a host, with or without a port, such as "10.0.0.2:694", "[fd00::2]:694" '
        'or "beta.example.net", not '
    )

    def lan(self, peers: object, **more: object) -> Changes:
        """The LAN by a list of peers."""
        return {"links/lan": {"kind": "udp", "peers": peers, **more}}

    def test_read(self) -> None:
        """A node listens on the port of its own entry, and sends to the other ones."""
        lan = self.read(self.lan(PEERS)).links[0]
        beta, watcher = PeerAddress("beta", "10.0.0.2", 695), PeerAddress("watcher", "fd00::3", 696)
        nodes = ("alpha", "beta", "watcher")
        self.assertEqual(lan, UdpLink("lan", nodes, 694, peers=(beta, watcher)))
        lan = self.read(self.lan(PEERS, port=700), machine("beta")).links[0]
        self.assertEqual(
            lan, UdpLink("lan", nodes, 695, peers=(PeerAddress("alpha", "10.0.0.1", 700), watcher))
        )

    def test_hosts(self) -> None:
        """A host is a name, an IPv4 address, or an IPv6 address, in brackets where a port follows."""
        for written, host, port in (
            ("10.0.0.2", "10.0.0.2", 694),
            ("10.0.0.2:1", "10.0.0.2", 1),
            ("fd00::2", "fd00::2", 694),
            ("FD00::0:2", "fd00::2", 694),
            ("[fd00::2]", "fd00::2", 694),
            ("[fd00::2]:65535", "fd00::2", 65535),
            ("::ffff:10.0.0.2", "10.0.0.2", 694),
            ("beta", "beta", 694),
            ("Beta.Example.NET.:7000", "beta.example.net.", 7000),
            ("beta_2", "beta_2", 694),
            ("1beta.3com", "1beta.3com", 694),
        ):
            lan = self.read(self.lan(PEERS | {"beta": written})).links[0]
            assert isinstance(lan, UdpLink)
            self.assertEqual(lan.peers[0], PeerAddress("beta", host, port))

    def test_hosts_refused(self) -> None:
        """What is no host, or no place of one, is refused at its key."""
        for written, rest in {
            "": '""',
            7: "7",
            "10.0.0.256": '"10.0.0.256"',
            "10.0.0": '"10.0.0"',
            "be ta": '"be ta"',
            "-beta": '"-beta"',
            "beta..net": '"beta..net"',
            "a" * 64: f'"{"a" * 60}..."',
            "fd00::2::1": '"fd00::2::1"',
            "[fd00::2": '"[fd00::2"',
            "[10.0.0.2]:694": '"[10.0.0.2]:694": only an IPv6 address stands in brackets',
            "beta:": '"beta:": a port is a whole number from 1 to 65535',
            "beta:0": '"beta:0": a port is a whole number from 1 to 65535',
            "[fd00::2]:65536": '"[fd00::2]:65536": a port is a whole number from 1 to 65535',
            "beta:http": '"beta:http": a port is a whole number from 1 to 65535',
            "239.0.0.1": '"239.0.0.1": this is no address of a host',
            "ff02::1": '"ff02::1": this is no address of a host',
            "0.0.0.0": '"0.0.0.0": this is no address of a host',  # noqa: S104
            "255.255.255.255": '"255.255.255.255": this is no address of a host',
            "fe80::1": '"fe80::1": a link-local address is no place in itself: '
            'use group = "ff02::4865" with an interface',
        }.items():
            self.assert_refused(
                self.lan(PEERS | {"beta": written}), f"links.lan.peers.beta: {self.EXPECTED}{rest}"
            )

    def test_nodes(self) -> None:
        """The link has the nodes of its peers; saying others is refused, and so are unknown ones."""
        peers = {"alpha": "10.0.0.1", "beta": "10.0.0.2"}
        for more in ({}, {"nodes": ["beta", "alpha"]}):
            lan = self.read({**self.lan(peers, **more), "nodes/watcher": ABSENT}).links[0]
            self.assertEqual(lan.nodes, ("alpha", "beta"))
        self.assert_refused(
            self.lan(peers, nodes=["alpha", "watcher"]),
            "links.lan.nodes: expected the nodes of peers (alpha, beta), or no such key",
        )
        self.assert_refused(
            self.lan(peers | {"bta": "10.0.0.3"}),
            'links.lan.peers.bta: unknown node "bta"; did you mean beta?',
        )
        for few in ({"alpha": "10.0.0.1"}, {}):
            self.assert_refused(
                self.lan(few), "links.lan.peers: expected two nodes or more, each with its own host"
            )

    def test_no_list(self) -> None:
        """What is no table of peers is refused."""
        self.assert_refused(
            self.lan("10.0.0.2"),
            'links.lan.peers: expected a table such as {alpha = "10.0.0.1:694", beta = "10.0.0.2:694"}, '
            'not "10.0.0.2"',
        )

    def test_same_place(self) -> None:
        """Two nodes at one host and port are refused; with ports of their own they may share a host."""
        peers = {"alpha": "10.0.0.1", "beta": "10.0.0.1:694"}
        self.assert_refused(
            self.lan(peers),
            "links.lan.peers: beta is at 10.0.0.1 port 694 as alpha is; expected a place of its own",
        )
        apart = {**self.lan(peers | {"beta": "10.0.0.1:695"}), "nodes/watcher": ABSENT}
        self.assertEqual(len(self.read(apart).links), 2)

    def test_port_of_its_own(self) -> None:
        """No other UDP link of a node has the port on which it hears its peers."""
        text = "expected one that a link with peers shares with no other link"
        for other, nodes in (
            ({"interface": "eth1"}, "alpha"),
            ({"group": "239.1.2.3"}, "alpha"),
            ({"peers": PEERS | {"beta": "10.1.0.2:7"}}, "alpha, watcher"),
        ):
            self.assert_refused(
                {**self.lan(PEERS), "links/lan2": {"kind": "udp", **other}},
                f"links.lan2.port: on {nodes} it is that of links.lan too; {text}",
            )
        self.assert_refused(
            {**self.lan(PEERS), "links/lan2": {"kind": "udp", "peers": PEERS}},
            "links.lan2: the list of peers with port 694 on alpha, beta, watcher is that of links.lan too; "
            "expected a medium of its own",
        )

    def test_where_a_node_differs(self) -> None:
        """A node may see peers, and listen, elsewhere than the list says; the others see the list."""
        changes = self.lan(PEERS)
        changes["nodes/alpha/links/lan/peers"] = {"alpha": "10.0.0.1:7000", "beta": "192.168.0.2"}
        seen = (PeerAddress("beta", "192.168.0.2", 694), PeerAddress("watcher", "fd00::3", 696))
        nodes = ("alpha", "beta", "watcher")
        self.assertEqual(self.read(changes).links[0], UdpLink("lan", nodes, 7000, peers=seen))
        others = self.read(changes, machine("watcher")).links[0]
        assert isinstance(others, UdpLink)
        self.assertEqual(others.peers[0], PeerAddress("alpha", "10.0.0.1", 694))

    def test_nothing_else_differs(self) -> None:
        """Beside a list of peers a node says neither another medium nor a port, nor a list of its own."""
        for own in ({"interface": "eth0"}, {"port": 7}, {"port": 7, "peers": {"beta": "10.1.1.1"}}):
            self.assert_refused(
                {**self.lan(PEERS), "nodes/alpha/links/lan": own},
                "nodes.alpha.links.lan: links.lan has peers; expected no other key than peers here",
            )
        self.assert_refused(
            {"nodes/alpha/links/lan/peers": PEERS},
            "nodes.alpha.links.lan.peers: links.lan has none; "
            "expected the list there, and here only what differs",
        )
        self.assert_refused(
            {**self.lan(PEERS), "nodes/alpha/links/lan/peers": {"gamma": "10.1.1.1"}},
            'nodes.alpha.links.lan.peers.gamma: unknown node "gamma"; expected one of alpha, beta, watcher',
        )


class Carrier:
    """A kind of link from a plug-in."""

    kind = "carrier"

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []

    def check(self, keys: dict[str, object]) -> list[str]:
        """Birds are needed."""
        self.asked.append(keys)
        if keys.get("birds") == "ill":
            raise ValueError("a sick bird")
        if isinstance(keys.get("birds"), dict):
            return ["birds.north: expected\nfewer", ""]
        return [] if "birds" in keys else ["birds: expected some", "nothing flies"]


class PluginTests(ConfigurationCase):
    """Links of a kind that a plug-in brings."""

    def setUp(self) -> None:
        super().setUp()
        self.carrier = Carrier()
        self.patch(plugins, "kinds", lambda interface: ("carrier",) if interface is ILinkKind else ())
        self.patch(plugins, "find", self._find)

    def _find(self, interface: object, kind: str) -> Carrier | None:
        return self.carrier if (interface, kind) == (ILinkKind, "carrier") else None

    def test_read(self) -> None:
        """Its own keys are handed to it as they are, those of a node laid over those of the link."""
        changes: Changes = {
            "links/air": {"kind": "carrier", "nodes": ["alpha", "beta"], "birds": 3, "nest": {"north": True}},
            "nodes/beta/links/air/birds": 4,
        }
        air = self.read(changes).links[2]
        keys = {"birds": 3, "nest": {"north": True}}
        self.assertEqual(air, PluginLink("air", ("alpha", "beta"), "carrier", keys))
        other = self.read(changes, machine("beta")).links[2]
        self.assertEqual(other, PluginLink("air", ("alpha", "beta"), "carrier", keys | {"birds": 4}))
        self.assertEqual(self.carrier.asked[:2], [keys, keys | {"birds": 4}])

    def test_refused(self) -> None:
        """What it finds wrong is told at its keys, and a fault of its own at the link."""
        self.assert_refused(
            {"links/air": {"kind": "carrier"}},
            "links.air.birds: expected some",
            "links.air: nothing flies",
        )
        self.assert_refused(
            {"links/air": {"kind": "carrier", "birds": "ill"}},
            "links.air: the plug-in of kind carrier failed over these keys (ValueError('a sick bird')); "
            "expected a sound plug-in",
        )

    def test_where(self) -> None:
        """It is told at the key, which may be deep, in the table that says it, and not once for each node."""
        self.assert_refused(
            {
                "links/air": {"kind": "carrier", "nodes": ["alpha", "beta"], "birds": {"north": 5}},
                "nodes/alpha/links/air/nest": 1,
                "nodes/beta/links/air/nest": 2,
            },
            "links.air.birds.north: expected fewer",
        )
        self.assert_refused(
            {
                "links/air": {"kind": "carrier", "nodes": ["alpha", "beta"], "birds": 1},
                "nodes/beta/links/air/birds": {"north": 5},
            },
            "nodes.beta.links.air.birds.north: expected fewer",
        )

    def test_strange_answers(self) -> None:
        """One line for a list of them is a line, and anything else a fault of the plug-in's."""
        self.patch(self.carrier, "check", lambda keys: "birds: expected some")
        self.assert_refused({"links/air": {"kind": "carrier"}}, "links.air.birds: expected some")
        self.patch(self.carrier, "check", lambda keys: None)
        self.assertIn(
            "failed over these keys (TypeError(", self.errors({"links/air": {"kind": "carrier"}})[0]
        )

    def test_keys_are_a_copy(self) -> None:
        """What it does to the keys while it checks them changes nothing."""
        self.patch(self.carrier, "check", lambda keys: keys.clear() or [])
        air = self.read({"links/air": {"kind": "carrier", "nodes": ["alpha", "beta"], "birds": 3}}).links[2]
        self.assertEqual(getattr(air, "keys", None), {"birds": 3})

    def test_built_in(self) -> None:
        """A plug-in cannot take the place of a kind that is built in."""
        self.patch(plugins, "kinds", lambda interface: ("udp",))
        self.assertIsInstance(self.read().links[0], UdpLink)
        self.assert_refused(
            {"links/lan/kind": "upd"},
            'links.lan.kind: expected "udp" or "serial", not "upd": no such kind is installed',
        )

    def test_kinds_told(self) -> None:
        """An unknown kind is met with those that are built in and those that are installed."""
        self.assert_refused(
            {"links/lan/kind": "cariier"},
            'links.lan.kind: expected "udp" or "serial" or "carrier", not "cariier": '
            "no such kind is installed",
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
        self.assert_refused(changes, f"links.lan: no medium on watcher; {ONE_MEDIUM}")
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

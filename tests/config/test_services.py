"""Tests of heart.config.services, through the files that it reads."""

from __future__ import annotations

from heart.config.model import AddressResource, ScriptResource
from tests.config.support import ABSENT, ConfigurationCase

ADDRESS = "services/web/resources/0/address"
COMMAND = "services/web/resources/1/command"
NOT_YET = "this version does not act on it yet"


class ServiceTests(ConfigurationCase):
    """What one service says."""

    def test_read(self) -> None:
        """A service has its nodes in order, 0.3 x dead to stop, and its resources with absolute paths."""
        (web,) = self.read({"timing/dead": "2s", "timing/lease": "1s"}).services
        self.assertEqual((web.name, web.nodes, web.stop), ("web", ("alpha", "beta"), 0.6))
        self.assertEqual((web.failback, web.monitor, web.restarts), (False, None, 2))
        script = ScriptResource((str(self.folder / "scripts/web"),), 20.0)
        self.assertEqual(web.resources, (AddressResource("10.0.0.100/24", "eth0"), script))

    def test_said(self) -> None:
        """What is said is taken."""
        changes: dict[str, object] = {"services/web/stop": "150ms", "services/web/resources/1/timeout": "1m"}
        (web,) = self.read(changes | {COMMAND: ["/bin/web", "-x", "a b"]}).services
        self.assertEqual(web.stop, 0.15)
        self.assertEqual(web.resources[1], ScriptResource(("/bin/web", "-x", "a b"), 60.0))

    def test_accepted_but_idle(self) -> None:
        """What this version does not act on yet is accepted with a warning, and only where it is said."""
        self.assert_warned({"services/web/failback": False})
        self.assert_warned(
            {"services/web/failback": True, "services/web/monitor": "5s", "services/web/restarts": 3},
            f"services.web.restarts: {NOT_YET}: a service that fails to start is not tried again "
            "on the same node",
            f"services.web.failback: {NOT_YET}: the service stays where it is until it is moved",
            f"services.web.monitor: {NOT_YET}: a resource that fails while it is held is not noticed",
        )

    def test_too_many(self) -> None:
        """There are no more services than a beat can speak of."""
        more: dict[str, object] = {
            f"services/s{n}": {
                "nodes": ["alpha", "beta"],
                "resources": [{"kind": "script", "command": ["/bin/true"]}],
            }
            for n in range(32)
        }
        self.assert_refused(more, "services: expected 32 services at most, not 33")

    def test_nodes(self) -> None:
        """A service names nodes that may hold it: there, once, and no witness."""
        self.assert_refused(
            {"services/web/nodes": ABSENT},
            'services.web.nodes: missing; expected a list of names such as ["alpha", "beta"]',
        )
        self.assert_refused(
            {"services/web/nodes": []},
            'services.web.nodes: expected a list of names such as ["alpha", "beta"], not an empty list',
        )
        self.assert_refused(
            {"services/web/nodes": ["alpha", "gamma"]},
            'services.web.nodes: unknown node "gamma"; expected one of alpha, beta, watcher',
        )
        self.assert_refused(
            {"services/web/nodes": ["alpha", "beta", "beta"]},
            "services.web.nodes: beta stands there more than once; expected each node once",
        )
        self.assert_refused(
            {"services/web/nodes": ["alpha", "watcher"]},
            "services.web.nodes: watcher is a witness, which holds nothing; expected nodes that are none",
        )

    def test_resources(self) -> None:
        """A service has resources, and they are tables."""
        expected = "services.web.resources: expected at least one table [[services.web.resources]]"
        self.assert_refused({"services/web/resources": ABSENT}, expected)
        self.assert_refused({"services/web/resources": []}, expected)
        self.assert_refused({"services/web/resources": {"kind": "script"}}, f"{expected}, not a table")
        self.assert_refused(
            {"services/web/resources": [3]}, "services.web.resources[1]: expected a table, not 3"
        )

    def test_stop(self) -> None:
        """An emergency release takes some time."""
        self.assert_refused(
            {"services/web/stop": "0ms"}, 'services.web.stop: expected more than 0s, not "0ms"'
        )

    def test_types(self) -> None:
        """Keys of the wrong type are refused."""
        self.assert_refused(
            {"services/web/failback": "yes", "services/web/restarts": -1},
            'services.web.failback: expected true or false, not "yes"',
            "services.web.restarts: expected a whole number from 0 to 1000, not -1",
        )

    def test_unknown_key(self) -> None:
        """A slip of the hand is met with the right word, in a service and in a resource."""
        self.assert_refused(
            {"services/web/node": ["alpha"], "services/web/resources/1/timeuot": "1s"},
            "services.web.resources[2].timeuot: unknown key; did you mean timeout?",
            "services.web.node: unknown key; did you mean nodes?",
        )

    def test_kind(self) -> None:
        """A resource has a kind that this version knows."""
        path, expected = "services/web/resources/1/kind", 'expected "address" or "script"'
        where = "services.web.resources[2].kind"
        self.assert_refused({path: "vip"}, f'{where}: {expected}, not "vip"')
        self.assert_refused({path: ABSENT}, f"{where}: missing; {expected}")
        for kind in ("unit", "ocf"):
            self.assert_refused(
                {path: kind}, f'{where}: "{kind}" is not available in this version; {expected}'
            )

    def test_address(self) -> None:
        """An address is IPv4 with a prefix length."""
        for text in ("10.0.0.100", "10.0.0.100/33", "10.0.0.100/0", "10.0.0.300/24", "fe80::1/64", "web/24"):
            self.assert_refused(
                {ADDRESS: text},
                "services.web.resources[1].address: expected an IPv4 address with its prefix length "
                f'such as "10.0.0.100/24", not "{text}"',
            )
        self.assert_refused(
            {"services/web/resources/0": {"kind": "address"}},
            "services.web.resources[1].address: missing; expected an IPv4 address with its prefix length "
            'such as "10.0.0.100/24"',
            "services.web.resources[1].interface: missing; expected the name of a network interface "
            'such as "eth0"',
        )

    def test_address_of_no_host(self) -> None:
        """The first and last address of a network are no host's, but for the smallest networks."""
        where = "services.web.resources[1].address: expected the address of a host, not "
        self.assert_refused(
            {ADDRESS: "10.0.0.0/24"},
            f'{where}"10.0.0.0/24": 10.0.0.0 is the network\'s own address in 10.0.0.0/24',
        )
        self.assert_refused(
            {ADDRESS: "10.0.0.255/24"},
            f'{where}"10.0.0.255/24": 10.0.0.255 is the broadcast address of 10.0.0.0/24',
        )
        self.assert_refused({ADDRESS: "224.0.0.5/24"}, f'{where}"224.0.0.5/24"')
        for text in ("10.0.0.0/31", "10.0.0.1/32", "127.0.0.5/8"):
            self.assertEqual(
                self.read({ADDRESS: text}).services[0].resources[0], AddressResource(text, "eth0")
            )

    def test_same_address(self) -> None:
        """Two services cannot have one address, whatever the prefix length."""
        mail = {
            "nodes": ["alpha", "beta"],
            "resources": [{"kind": "address", "address": "10.0.0.100/25", "interface": "eth1"}],
        }
        self.assert_refused(
            {"services/mail": mail},
            "services.mail.resources[1].address: 10.0.0.100 is that of services.web.resources[1] too; "
            "expected an address of its own",
        )

    def test_command(self) -> None:
        """A command is a list of strings, none of them empty, that begins with a path."""
        where = "services.web.resources[2].command"
        expected = 'expected a list of non-empty strings such as ["/etc/heart/scripts/web"]'
        self.assert_refused({COMMAND: []}, f"{where}: {expected}, not an empty list")
        self.assert_refused({COMMAND: "web"}, f'{where}: {expected}, not "web"')
        self.assert_refused({COMMAND: ["web", ""]}, f'{where}: {expected}, not ["web", ""]')
        self.assert_refused({COMMAND: ["web", 1]}, f'{where}: {expected}, not ["web", 1]')
        self.assert_refused({COMMAND: ABSENT}, f"{where}: missing; {expected}")
        self.assert_refused(
            {COMMAND: ["~/web"]},
            f"{where}: expected an absolute path or one relative to the file's folder, "
            'not ["~/web"]: ~ has no meaning here',
        )

    def test_name(self) -> None:
        """A service's name is a name."""
        service = {"nodes": ["alpha", "beta"], "resources": [{"kind": "script", "command": ["/bin/x"]}]}
        self.assert_refused(
            {"services/-web": service},
            "services.-web: expected a name of at most 63 of a-z, 0-9, - and . "
            "that begins with a letter or digit",
        )

    def test_no_service(self) -> None:
        """A cluster without a service is good for watching, and says so."""
        self.assert_warned(
            {"services": ABSENT}, "services: there is none: Heart will watch the nodes and keep nothing alive"
        )

    def test_one_holder(self) -> None:
        """A service with nowhere to go is warned of."""
        self.assert_warned(
            {"services/web/nodes": ["beta"]},
            "services.web.nodes: only beta may hold it: nothing takes over",
        )

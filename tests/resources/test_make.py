"""Which resource a configuration means."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from heart.config.model import AddressResource, ScriptResource
from heart.resources import make_resource
from heart.resources.address import Address
from heart.resources.script import Script
from tests.resources.fakes import ThreadedClock, Threads


class MakeTests(SynchronousTestCase):
    """Each kind."""

    def make(self, settings: AddressResource | ScriptResource) -> Any:
        threads: Any = Threads()
        return make_resource(settings, ThreadedClock(), threads)

    def test_address(self) -> None:
        """An address is one."""
        made = self.make(AddressResource("10.9.0.100/24", "eth0"))
        self.assertIsInstance(made, Address)
        self.assertEqual(made.label, "address 10.9.0.100/24 on eth0")

    def test_script(self) -> None:
        """A script is one."""
        made = self.make(ScriptResource(("/etc/heart/web",), 20))
        self.assertIsInstance(made, Script)
        self.assertEqual(made.label, "script /etc/heart/web")

"""Resources from plug-ins, sound and broken."""

from __future__ import annotations

from threading import Thread
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from heart import plugins
from heart.config.model import PluginResource
from heart.interfaces import IResource, ResourceFailed, ResourceUser, Tenure
from heart.plugins.shelter import BrokenPromise
from heart.resources.plugged import make_plugged
from tests.node.support import logged

TENURE = Tenure("web", "alpha", "site", 7, "start", None)


@implementer(IResource)
class Lamp:
    """A resource that does what the test has it do."""

    label = "lamp\nred"
    output: Any = "on"
    pid: Any = 4711

    def __init__(self) -> None:
        self.gives: Any = succeed(None)
        self.calls: list[tuple[object, ...]] = []
        self.user: Any = None

    def watch(self, user: ResourceUser) -> None:
        """Keep whom it is to tell."""
        self.user = user

    def close(self) -> None:
        """Note it."""
        self.calls.append(("close",))

    def status(self, tenure: Tenure) -> Any:
        """As the test wants it."""
        return self._do("status", tenure)

    def start(self, tenure: Tenure) -> Any:
        """As the test wants it."""
        return self._do("start", tenure)

    def stop(self, tenure: Tenure, budget: float | None) -> Any:
        """As the test wants it."""
        return self._do("stop", tenure, budget)

    def interrupt(self, budget: float) -> Any:
        """As the test wants it."""
        return self._do("interrupt", budget)

    def announce(self) -> None:
        """Note it."""
        self.calls.append(("announce",))

    def _do(self, *call: object) -> Any:
        self.calls.append(call)
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


class LampKind:
    """Makes what the test gives it."""

    made: Any

    def make(self, keys: dict[str, object], reactor: object, in_thread: object) -> Any:
        """The resource; an exception is raised."""
        keys.clear()
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


class Told:
    """A ResourceUser that writes down what it is told, and a reactor that keeps what threads ask for."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.asked: list[tuple[Any, ...]] = []

    def lost(self, *told: object) -> None:
        """Note it."""
        self.told.append(("lost", *told))

    def hindered(self, *told: object) -> None:
        """Note it."""
        self.told.append(("hindered", *told))

    def contested(self, *told: object) -> None:
        """Note it."""
        self.told.append(("contested", *told))

    def callFromThread(self, *call: Any) -> None:
        """Keep it."""
        self.asked.append(call)


class PluggedTests(SynchronousTestCase):
    """A resource of the kind `lamp`."""

    def setUp(self) -> None:
        """A sound one, watched."""
        self.log = logged(self, "heart.resources")
        self.kind, self.told, self.lamp = LampKind(), Told(), Lamp()
        self.patch(plugins, "find", lambda interface, kind: self.kind if kind == "lamp" else None)
        self.resource = self.make(self.lamp)
        self.resource.watch(self.told)

    def make(self, made: object, kind: str = "lamp") -> IResource:
        """What Heart makes of it."""
        self.kind.made = made
        self.settings = PluginResource(kind, {"colour": "red"})
        in_thread: Any = None
        resource = make_plugged(self.settings, self.told, in_thread)
        verifyObject(IResource, resource)
        return resource

    def failure_of(self, call: Deferred[None], error: type[Exception] = ResourceFailed) -> str:
        """What it fails with."""
        return str(self.failureResultOf(call, error).value)

    def test_sound(self) -> None:
        """A sound resource works as it would without a shelter; its keys are a copy."""
        resource = self.resource
        for call in (
            resource.start(TENURE),
            resource.status(TENURE),
            resource.stop(TENURE, 0.3),
            resource.interrupt(0.1),
        ):
            self.successResultOf(call)
        resource.announce()
        resource.close()
        self.assertEqual(
            self.lamp.calls,
            [
                ("start", TENURE),
                ("status", TENURE),
                ("stop", TENURE, 0.3),
                ("interrupt", 0.1),
                ("announce",),
                ("close",),
            ],
        )
        self.assertEqual((resource.label, resource.output, resource.pid), ("lamp red", "on", 4711))
        self.assertEqual(self.settings.keys, {"colour": "red"})
        self.assertEqual(self.log.lines, [])

    def test_failed(self) -> None:
        """Its own account of a failure is one line."""
        self.lamp.gives = fail(ResourceFailed("no\nbulb"))
        self.assertEqual(self.failure_of(self.resource.start(TENURE)), "no bulb")

    def test_promises(self) -> None:
        """A call that gives no Deferred, or raises, has failed: a service is not held on such a word."""
        self.lamp.gives = None
        self.assertEqual(
            self.failure_of(self.resource.start(TENURE), BrokenPromise),
            "start gave back None; expected a Deferred",
        )
        self.lamp.gives = ValueError("no bulb")
        self.assertEqual(self.failure_of(self.resource.stop(TENURE, None), ValueError), "no bulb")

    def test_strange_values(self) -> None:
        """What is no text is no output, and what can be no process group is none to be ended."""
        for output in (None, b"on", 5):
            self.lamp.output = output
            self.assertEqual(self.resource.output, "")
        for pid in (True, 1, 0, -1, "4711", None):
            self.lamp.pid = pid
            self.assertIsNone(self.resource.pid)

    def test_told(self) -> None:
        """What it notices is told as the shelter's, in one line, in the reactor's thread."""
        thread = Thread(target=lambda: self.lamp.user.lost(self.lamp, "went\nout"))
        thread.start()
        thread.join()
        self.assertEqual(self.told.told, [])
        for call, *args in self.told.asked:
            call(*args)
        self.lamp.user.hindered(self.lamp, "no\npower")
        self.lamp.user.hindered(self.lamp, None)
        self.lamp.user.contested(self.lamp, "another\nlamp")
        self.assertEqual(
            self.told.told,
            [
                ("lost", self.resource, "went out"),
                ("hindered", self.resource, "no power"),
                ("hindered", self.resource, None),
                ("contested", self.resource, "another lamp"),
            ],
        )

    def test_not_made(self) -> None:
        """One that cannot be made fails each start, and says why; what was not started is not there."""
        resource = self.make(ValueError("no\nbulb"))
        why = "resource of kind lamp: its plug-in failed to make it (ValueError('no\\nbulb')); see the log"
        self.assertEqual(self.failure_of(resource.stop(TENURE, None)), why)  # of an earlier daemon's, perhaps
        self.assertEqual(self.failure_of(resource.start(TENURE)), why)
        self.assertEqual(self.failure_of(resource.status(TENURE)), why)
        self.successResultOf(resource.stop(TENURE, None))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_no_resource(self) -> None:
        """So does what is none."""
        self.failure_of(self.make(object()).start(TENURE))
        self.assertEqual(len(self.flushLoggedErrors()), 1)

    def test_not_installed(self) -> None:
        """So does one whose plug-in is there no more."""
        self.assertEqual(
            self.failure_of(self.make(self.lamp, "torch").start(TENURE)),
            "resource of kind torch: no plug-in of this kind is installed",
        )

"""Links from plug-ins, sound and broken."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from heart import plugins
from heart.config.model import PluginLink
from heart.interfaces import ILink, LinkUser
from heart.links.plugged import CLOSING, make_plugged
from tests.links.wires import Notes
from tests.node.support import logged


@implementer(ILink)
class Carrier:
    """A link that does what the test has it do."""

    name = "called otherwise"
    skipped: Any = 1
    damaged: Any = 2

    def __init__(self) -> None:
        self.user: Any = None
        self.sent: list[bytes] = []
        self.sending: Callable[[bytes], Any] = lambda frame: True
        self.does: Callable[[], Any] = lambda: None
        self.open: Any = 7
        self.stopped: Any = succeed(None)

    def start(self, user: LinkUser) -> None:
        """Keep whom it is to tell."""
        self.does()
        self.user = user

    def send(self, frame: bytes) -> Any:
        """Send as the test wants it."""
        self.sent.append(frame)
        return self.sending(frame)

    def drain(self) -> None:
        """Do as the test wants it."""
        self.does()

    def descriptor(self) -> Any:
        """What the test says."""
        self.does()
        return self.open

    def stop(self) -> Any:
        """What the test says."""
        self.does()
        return self.stopped


class CarrierKind:
    """Makes what the test gives it."""

    made: Any

    def make(self, name: str, keys: dict[str, object], reactor: object, in_thread: object) -> Any:
        """The link; an exception is raised."""
        self.handed = (name, dict(keys))
        keys.clear()
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


class ThreadedClock(Clock):
    """A clock that does what another thread asks for when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Callable[[], object]] = []

    def callFromThread(self, what: Callable[..., object], *args: Any) -> None:
        """Keep it."""
        self.asked.append(lambda: what(*args))


class PluggedTests(SynchronousTestCase):
    """A link of the kind `carrier`."""

    def setUp(self) -> None:
        """A sound one."""
        self.log = logged(self, "heart.links")
        self.clock = ThreadedClock()
        self.kind = CarrierKind()
        self.patch(plugins, "find", lambda interface, kind: self.kind if kind == "carrier" else None)
        self.carrier, self.notes = Carrier(), Notes()
        self.link = self.make(self.carrier)

    def make(self, made: object, kind: str = "carrier") -> ILink:
        """What Heart makes of it, started."""
        self.kind.made = made
        self.settings = PluginLink("air", ("alpha", "beta"), kind, {"birds": 3})
        in_thread: Any = None
        link = make_plugged(self.settings, self.clock, in_thread)
        verifyObject(ILink, link)
        self.assertEqual(link.name, "air")
        link.start(self.notes)
        return link

    def raise_(self, *ignored: object) -> Any:
        """What a broken plug-in does."""
        raise ValueError("a sick bird")

    def test_sound(self) -> None:
        """A sound link works as it would without a shelter; its keys are a copy."""
        self.assertEqual(self.kind.handed, ("air", {"birds": 3}))
        self.assertEqual(self.settings.keys, {"birds": 3})
        self.carrier.user.link_up("whatever")
        self.assertTrue(self.link.send(b"one"))
        self.carrier.sending = lambda frame: False
        self.assertFalse(self.link.send(b"two"))
        self.carrier.user.frames_received("whatever", [b"three", b"four"])
        self.carrier.user.link_down("whatever", "no\nwind")
        self.assertEqual(self.carrier.sent, [b"one", b"two"])
        self.assertEqual(self.notes.frames, [b"three", b"four"])
        self.assertEqual(self.notes.told, [("up", ""), ("down", "no wind")])
        self.assertEqual((self.link.skipped, self.link.damaged, self.link.descriptor()), (1, 2, 7))
        self.successResultOf(self.link.stop())
        self.assertEqual(self.log.lines, [])

    def test_send_raises(self) -> None:
        """A link that raises over a frame has not sent it; it is told once, and asked again."""
        self.carrier.sending = self.raise_
        self.assertEqual([self.link.send(b"one"), self.link.send(b"two")], [False, False])
        self.assertEqual(self.link.skipped, 3)
        self.carrier.sending = lambda frame: True
        self.assertTrue(self.link.send(b"three"))
        self.assertEqual(self.log.lines, ["link air: its plug-in failed in send"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_all_raises(self) -> None:
        """Whatever else raises costs itself: nothing is drained, and there is no descriptor."""
        self.carrier.does = self.raise_
        self.link.drain()
        self.assertIsNone(self.link.descriptor())
        self.assertIsNone(self.successResultOf(self.link.stop()))
        self.make(self.carrier)
        self.assertEqual(
            self.notes.reasons, ["its plug-in failed to start it (ValueError('a sick bird')); see the log"]
        )
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 4)

    def test_strange_values(self) -> None:
        """What is no number is no count, and no descriptor of ours."""
        self.carrier.skipped, self.carrier.damaged = "many", None
        self.assertEqual((self.link.skipped, self.link.damaged), (0, 0))
        for strange in (True, -1, "7", None):
            self.carrier.open = strange
            self.assertIsNone(self.link.descriptor())

    def test_no_frames(self) -> None:
        """What is no list of bytes objects is left out, counted, and told once."""
        self.carrier.user.frames_received("air", b"beat")
        self.carrier.user.frames_received("air", ["text", b"sound", None])
        self.carrier.user.frames_received("air", None)
        self.assertEqual(self.notes.frames, [b"sound"])
        self.assertEqual(self.link.damaged, 2 + 4)
        self.assertEqual(
            self.log.lines,
            ["link air: its plug-in hands over what is no list of bytes objects; left out"],
        )

    def test_from_a_thread(self) -> None:
        """What a plug-in tells in a thread of its own arrives in the reactor's."""

        def tell() -> None:
            self.carrier.user.link_up("air")
            self.carrier.user.frames_received("air", [b"beat"])

        thread = Thread(target=tell)
        thread.start()
        thread.join()
        self.assertEqual((self.notes.told, self.notes.frames), ([], []))
        for call in self.clock.asked:
            call()
        self.assertEqual((self.notes.told, self.notes.frames), ([("up", "")], [b"beat"]))

    def test_stop(self) -> None:
        """After stop nothing more is told; one that fails to stop, or never has, is waited for in bounds."""
        self.carrier.stopped = Deferred()
        stopped = self.link.stop()
        self.carrier.user.link_up("air")
        self.carrier.user.frames_received("air", [b"beat"])
        self.assertEqual((self.notes.told, self.notes.frames), ([], []))
        self.assertNoResult(stopped)
        self.clock.advance(CLOSING)
        self.assertIsNone(self.successResultOf(stopped))
        self.carrier.stopped = fail(ValueError("a sick bird"))
        self.assertIsNone(self.successResultOf(self.make(self.carrier).stop()))
        self.assertEqual(len(self.flushLoggedErrors()), 2)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_not_made(self) -> None:
        """A link that cannot be made is down, says why, sends nothing and can be stopped."""
        for made, why in (
            (
                ValueError("no\nbirds"),
                "its plug-in failed to make it (ValueError('no\\nbirds')); see the log",
            ),
            (object(), "its plug-in failed to make it"),
        ):
            self.notes.told.clear()
            link = self.make(made)
            self.assertEqual(len(self.notes.told), 1)
            self.assertTrue(self.notes.reasons[0].startswith(why), self.notes.reasons)
            self.assertFalse(link.send(b"beat"))
            link.drain()
            self.assertEqual((link.skipped, link.damaged, link.descriptor()), (1, 0, None))
            self.successResultOf(link.stop())
        self.assertEqual(len(self.flushLoggedErrors()), 2)

    def test_not_installed(self) -> None:
        """So is one whose plug-in is there no more."""
        self.make(self.carrier, "pigeon")
        self.assertEqual(self.notes.reasons, ["no plug-in of kind pigeon is installed"])

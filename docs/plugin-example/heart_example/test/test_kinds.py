"""What Heart finds, and what it asks of each kind."""

from __future__ import annotations

from typing import Any

from heart.interfaces import IArbiter, IArbiterKind, ILink, ILinkKind, IResource, IResourceKind
from heart.plugins import find, left_out
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

UNUSED: Any = None
KINDS: dict[str, tuple[Any, Any, dict[str, object]]] = {
    "unix": (ILinkKind, ILink, {"path": "/run/a", "peer": "/run/b"}),
    "marker": (IResourceKind, IResource, {"path": "/run/a"}),
    "veto": (IArbiterKind, IArbiter, {"path": "/run/a"}),
}


class KindTests(SynchronousTestCase):
    """Each kind, as Heart finds it."""

    def check(self, kind: str, **keys: object) -> list[str]:
        """What a kind has to say of its keys, with these changes; None takes one away."""
        interface, _, good = KINDS[kind]
        changed = {key: value for key, value in {**good, **keys}.items() if value is not None}
        provider: Any = find(interface, kind)
        return list(provider.check(changed))

    def test_found(self) -> None:
        """All three are installed, are what they say, and have nothing against good keys."""
        for kind, (interface, makes, keys) in KINDS.items():
            provider: Any = find(interface, kind)
            verifyObject(interface, provider)
            self.assertEqual(self.check(kind), [])
            named = ("lan",) if interface is ILinkKind else ()
            verifyObject(makes, provider.make(*named, keys, UNUSED, UNUSED))
        self.assertEqual([line for line in left_out() if "heart_example" in line], [])

    def test_wrong_keys(self) -> None:
        """What is missing, is no absolute path, or has no meaning is told, each in a line of its own."""
        for kind in KINDS:
            self.assertEqual(self.check(kind, path=None), ["path: missing; expected an absolute path"])
            for wrong in ("relative", "", 5, ["/x"], "/a\0b"):
                told = self.check(kind, path=wrong)
                self.assertEqual(told, [f"path: expected an absolute path, not {wrong!r}"])
        self.assertEqual(self.check("veto", pth="/x"), ["pth: unknown key; expected path"])
        self.assertEqual(self.check("unix", pth="/x"), ["pth: unknown key; expected path or peer"])

    def test_unix(self) -> None:
        """A socket's path has a limit of the kernel's, and a node is not its own peer."""
        self.assertEqual(
            self.check("unix", peer="/" + "x" * 107), ["peer: 108 bytes; expected a path of at most 107"]
        )
        self.assertEqual(self.check("unix", peer="/run/a"), ["peer: expected another socket than path"])

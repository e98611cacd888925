"""Tests of heart.plugins, with packages of others in folders that are put on sys.path."""

from __future__ import annotations

import os
import sys
from importlib import invalidate_caches
from pathlib import Path

from twisted.plugin import pluginPackagePaths
from twisted.trial.unittest import SynchronousTestCase

import twisted.plugins
from heart import plugins
from heart.interfaces import IArbiterKind, ILinkKind, IResourceKind
from tests.node.support import logged

HEAD = """\
from twisted.plugin import IPlugin
from zope.interface import implementer
from heart.interfaces import IArbiterKind, ILinkKind, IResourceKind

@implementer(IPlugin, IResourceKind)
class Lamp:
    kind = "lamp"
    def check(self, keys):
        return []
    def make(self, keys, reactor, in_thread):
        raise NotImplementedError

"""


class PluginCase(SynchronousTestCase):
    """Packages in a folder of their own; nothing of them is left behind."""

    def setUp(self) -> None:
        """Make the folder, and begin with nothing known."""
        self.folder = Path(self.mktemp()).absolute()
        self.place = self.folder / "twisted" / "plugins"
        self.place.mkdir(parents=True)
        self.patch(sys, "path", [str(self.folder), *sys.path])
        self.patch(twisted.plugins, "__path__", [str(self.place), *twisted.plugins.__path__])
        self.patch(plugins, "_left_out", {})
        self.patch(plugins, "risk", lambda folder: None)  # whoever owns this checkout
        self.addCleanup(plugins._installed.cache_clear)
        plugins._installed.cache_clear()
        self.log = logged(self, "heart.plugins")

    def bring(self, module: str, text: str) -> Path:
        """A module of plug-ins, which is forgotten at the end."""
        file = self.place / f"{module}.py"
        file.write_text(text)
        self.addCleanup(sys.modules.pop, f"twisted.plugins.{module}", None)
        return file

    def told(self) -> list[str]:
        """The lines in the log that are not empty."""
        return [line for line in self.log.lines if line]


class FindTests(PluginCase):
    """What is found."""

    def test_where_twisted_looks(self) -> None:
        """The folder of these tests is where Twisted looks for plug-ins of a package on sys.path."""
        self.assertIn(str(self.place), pluginPackagePaths("twisted.plugins"))

    def test_found(self) -> None:
        """A kind is found by its name under its own interface alone, and told among the kinds."""
        self.bring("heart_lamp", HEAD + "lamp = Lamp()\n")
        provider = plugins.find(IResourceKind, "lamp")
        self.assertTrue(IResourceKind.providedBy(provider))
        self.assertEqual(plugins.kinds(IResourceKind), ("lamp",))
        for other in (ILinkKind, IArbiterKind):
            self.assertIsNone(plugins.find(other, "lamp"))
            self.assertEqual(plugins.kinds(other), ())
        self.assertEqual((self.told(), plugins.left_out()), ([], ()))

    def test_none(self) -> None:
        """What nobody brings is not found, which is no fault."""
        self.assertIsNone(plugins.find(ILinkKind, "carrier"))
        self.assertEqual(plugins.left_out(), ())

    def test_looked_for_once(self) -> None:
        """What is installed meanwhile counts from the next start on: nothing is looked for twice."""
        self.assertEqual(plugins.kinds(IResourceKind), ())
        self.bring("heart_lamp", HEAD + "lamp = Lamp()\n")
        self.assertEqual(plugins.kinds(IResourceKind), ())

    def test_unwritable(self) -> None:
        """A folder into which no cache can be written is as good as any, and nothing is said of it."""
        self.bring("heart_lamp", HEAD + "lamp = Lamp()\n")
        (self.place / "dropin.cache").mkdir()  # even root cannot write a file there
        self.assertEqual(plugins.kinds(IResourceKind), ("lamp",))
        self.assertEqual(self.told(), [])
        self.flushLoggedErrors(OSError)


class BrokenTests(PluginCase):
    """What is broken is left out with one line, and the rest works."""

    def assert_left_out(self, *lines: str) -> None:
        """The sound kind is found, and exactly these lines are told, as warnings."""
        self.bring("heart_sound", HEAD.replace('"lamp"', '"sound"') + "sound = Lamp()\n")
        self.assertIn("sound", plugins.kinds(IResourceKind))
        self.assertEqual(plugins.left_out(), lines)
        self.assertEqual(self.told(), [f"A plug-in is left out: {line}" for line in lines])
        telling = [event for event in self.log.events if event["log_namespace"] == "heart.plugins"]
        self.assertEqual([event["log_level"].name for event in telling], ["warn"] * len(lines))

    def test_import(self) -> None:
        """A module that needs what is not there, or raises anything at all, is left out."""
        file = self.bring("heart_broken", "import heart_example_of_nothing\n")
        self.assert_left_out(f"{file}: ModuleNotFoundError(\"No module named 'heart_example_of_nothing'\")")
        self.assertEqual(len(self.flushLoggedErrors(ModuleNotFoundError)), 1)

    def test_exit(self) -> None:
        """So is one that would end the process."""
        file = self.bring("heart_broken", "raise SystemExit(3)\n")
        self.assert_left_out(f"{file}: SystemExit(3)")
        self.flushLoggedErrors(SystemExit)

    def test_syntax(self) -> None:
        """So is one that is no Python, and it is the one that is named."""
        file = self.bring("heart_broken", "this is no Python\n")
        self.assertEqual(plugins.kinds(IResourceKind), ())
        (line,) = plugins.left_out()
        self.assertTrue(line.startswith(f"{file}: SyntaxError("), line)
        self.flushLoggedErrors(SyntaxError)

    def test_no_traceback(self) -> None:
        """No other line than that reaches a log or a terminal."""
        self.bring("heart_broken", "1 / 0\n")
        plugins.kinds(IResourceKind)
        self.flushLoggedErrors(ZeroDivisionError)
        self.assertEqual(len(self.told()), 1)
        self.assertNotIn("Traceback", "".join(self.told()))
        self.assertNotIn("critical", self.log.levels)

    def test_no_kind(self) -> None:
        """One that does not say its kind, or fails to, or says something else, is left out."""
        self.bring(
            "heart_lamp",
            HEAD
            + "class Dark(Lamp):\n    kind = 5\n"
            + "class Dim(Lamp):\n    @property\n    def kind(self):\n        raise RuntimeError\n"
            + "dark, dim, lamp = Dark(), Dim(), Lamp()\n",
        )
        where = "twisted.plugins.heart_lamp"
        self.assert_left_out(f"{where}.Dark has no kind", f"{where}.Dim has no kind")
        self.assertEqual(plugins.kinds(IResourceKind), ("lamp", "sound"))

    def test_incomplete(self) -> None:
        """One that lacks what its interface promises is left out, and what it lacks is said."""
        self.bring(
            "heart_lamp",
            HEAD
            + "class Dull(Lamp):\n    def check(self):\n        return []\n"
            + "class Half(Lamp):\n    make = None\n"
            + "dull, half, lamp = Dull(), Half(), Lamp()\n",
        )
        self.assertEqual(plugins.kinds(IResourceKind), ("lamp",))
        dull, half = plugins.left_out()
        self.assertRegex(dull, r"^twisted\.plugins\.heart_lamp\.Dull: .*check\(keys\).* enough arguments")
        self.assertRegex(half, r"^twisted\.plugins\.heart_lamp\.Half: .*make")
        self.assertEqual(self.told(), [f"A plug-in is left out: {line}" for line in (dull, half)])

    def test_broken_later(self) -> None:
        """One that was sound when Twisted last looked, and is so no more, is left out as any other."""
        self.bring("heart_aid", "")
        file = self.bring("heart_lamp", "import twisted.plugins.heart_aid\n" + HEAD + "lamp = Lamp()\n")
        self.assertEqual(plugins.kinds(IResourceKind), ("lamp",))
        for module in ("heart_lamp", "heart_aid"):
            sys.modules.pop(f"twisted.plugins.{module}")
            delattr(twisted.plugins, module)
        plugins._installed.cache_clear()
        invalidate_caches()
        (self.place / "heart_aid.py").unlink()
        self.assertEqual(plugins.kinds(IResourceKind), ())
        (line,) = plugins.left_out()
        self.assertTrue(line.startswith(f"{file}: ModuleNotFoundError("), line)
        self.assertEqual(len(self.flushLoggedErrors(ModuleNotFoundError)), 1)

    def test_twice(self) -> None:
        """Of two that bring the same kind one is used, on every machine the same, and the other told."""
        self.bring("heart_lamp", HEAD + "class Other(Lamp):\n    pass\none, two = Other(), Lamp()\n")
        where = "twisted.plugins.heart_lamp"
        self.assert_left_out(f"{where}.Other: {where}.Lamp is of kind lamp too")
        self.assertEqual(type(plugins.find(IResourceKind, "lamp")).__name__, "Lamp")

    def test_told_once(self) -> None:
        """It is told once, however many interfaces are looked for."""
        self.bring("heart_broken", "1 / 0\n")
        for interface in (ILinkKind, IResourceKind, IArbiterKind):
            plugins.kinds(interface)
        self.assertEqual(len(self.told()), 1)
        self.flushLoggedErrors(ZeroDivisionError)

    def test_search_fails(self) -> None:
        """Where the search itself fails nothing is found, and a line says so."""

        def fail(interface: object) -> list[object]:
            raise RuntimeError("no folder is safe")

        self.patch(plugins, "getPlugins", fail)
        self.assertEqual(plugins.kinds(ILinkKind), ())
        self.assertEqual(
            plugins.left_out(), ("twisted.plugins cannot be searched: RuntimeError('no folder is safe')",)
        )


class FolderTests(PluginCase):
    """Where plug-ins are looked for."""

    def setUp(self) -> None:
        """A folder that others may change."""
        super().setUp()
        self.bring("heart_lamp", HEAD + "raise RuntimeError('run')\n")
        self.patch(plugins, "risk", lambda folder: "all may change it" if folder == self.place else None)

    def test_as_root(self) -> None:
        """Root does not run what lies where others may put it, and says so; Twisted's own path stays."""
        self.patch(os, "geteuid", lambda: 0)
        before = list(twisted.plugins.__path__)
        self.assertEqual(plugins.kinds(IResourceKind), ())
        self.assertEqual(
            plugins.left_out(),
            (f"all in {self.place}: all may change it; expected a folder that only root can change",),
        )
        self.assertEqual(list(twisted.plugins.__path__), before)

    def test_as_another(self) -> None:
        """Who is not root anyway runs only what that user may run."""
        self.patch(os, "geteuid", lambda: 1000)
        plugins.kinds(IResourceKind)
        self.assertIn("RuntimeError('run')", plugins.left_out()[0])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

"""What is packed, and that it works where it is installed: a wheel, and a checkout that is worked on."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import heart
from tests.packaging import installed
from tests.packaging.checkout import build, copy_checkout, editable, from_wheel


class ContentTests(SynchronousTestCase):
    """What is in the distributions, and what is not."""

    def modules(self) -> set[str]:
        """The modules of heart in the checkout."""
        root = Path(heart.__file__).parent
        return {f"heart/{path.relative_to(root)}" for path in root.rglob("*.py")}

    def test_wheel(self) -> None:
        """The wheel has all of heart and the plugin, and nothing that would belong to somebody else."""
        with zipfile.ZipFile(build()[1]) as wheel:
            names = {name for name in wheel.namelist() if ".dist-info/" not in name}
            metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
            told = wheel.read(metadata).decode()
        self.assertEqual(names, self.modules() | {"twisted/plugins/heart_plugin.py"})
        self.assertIn(f"\nVersion: {heart.__version__}\n", told)

    def test_sdist(self) -> None:
        """The source distribution has the tests, the examples, the documents, the licence, and no rubbish."""
        with tarfile.open(build()[0]) as sdist:
            names = {name.partition("/")[2] for name in sdist.getnames()}
        self.assertLessEqual(self.modules(), names)
        for name in (
            "LICENSE",
            "README.md",
            "pyproject.toml",
            "setup.py",
            "conf/heart.toml",
            "docs/configuration.md",
            "docs/events.md",
            "docs/status.md",
            "tests/__init__.py",
            "tests/node/test_twistd.py",
            "tests/core/support.py",
            "twisted/plugins/heart_plugin.py",
        ):
            self.assertIn(name, names)
        rubbish = [
            name for name in names if name.endswith((".pyc", "dropin.cache")) or name.startswith("build")
        ]
        self.assertEqual(rubbish, [])
        self.assertNotIn("twisted/__init__.py", names)
        self.assertNotIn("twisted/plugins/__init__.py", names)

    def test_data(self) -> None:
        """Every file of the folders that are packed whole is packed: nothing was forgotten by its kind."""
        source = copy_checkout("compared")
        wanted = {
            str(path.relative_to(source))
            for folder in ("conf", "docs", "tests")
            for path in (source / folder).rglob("*")
            if path.is_file()
        }
        with tarfile.open(build()[0]) as sdist:
            names = {name.partition("/")[2] for name in sdist.getnames()}
        self.assertLessEqual(wanted, names)


class WheelTests(installed.InstalledCase):
    """A wheel, installed."""

    def setUp(self) -> None:
        """Install it, once for all of these."""
        super().setUp()
        self.installed = from_wheel()

    def test_no_tests(self) -> None:
        """The tests are not installed: a package called `tests` would be in everybody's way."""
        find = "import importlib.util; print(importlib.util.find_spec('tests'))"
        self.assertEqual(self.installed.run("python", "-c", find).strip(), "None")


class EditableTests(installed.InstalledCase):
    """A checkout, installed so that it can be worked on."""

    def setUp(self) -> None:
        """Install it, once for all of these."""
        super().setUp()
        self.installed = editable()

    def test_changes_count(self) -> None:
        """What is changed in the checkout counts at once."""
        module = self.installed.folder.parent / "worked-on" / "heart" / "changed_meanwhile.py"
        module.write_text("WORD = 'changed'\n")
        self.addCleanup(module.unlink)
        show = "import heart.changed_meanwhile as module; print(module.WORD)"
        self.assertEqual(self.installed.run("python", "-c", show).strip(), "changed")

"""The documents lead to what exists, and speak of what there is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.python.reflect import namedAny
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import REST_FRAME
from heart.cli.main import COMMANDS
from heart.codec import Refusal
from tests.docs.support import DOCS, ROOT, table

TOP = tuple(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))
PAGES = sorted([*DOCS.glob("*.md"), *TOP])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:heart|docs|conf|tests|bench|twisted)/[\w./-]*)`")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def keys(found: dict[str, Any], free: bool = False) -> Iterator[str]:
    """Every key of a configuration; names of nodes, links and services are none."""
    for key, value in found.items():
        named = key in ("nodes", "links", "services", "peers") and isinstance(value, dict)
        if not free:
            yield key
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from keys(inner, named)


class LinkTests(SynchronousTestCase):
    """Links between pages, and paths that pages name."""

    def test_pages(self) -> None:
        """The pages that are looked at are those that there must be."""
        names = {page.name for page in PAGES}
        self.assertLessEqual({"README.md", "CONTRIBUTING.md", "beat.md", "cable.md", "safety.md"}, names)

    def test_relative_links(self) -> None:
        """Every relative link leads to a file that exists, and its anchor to a heading."""
        count = 0
        for page in PAGES:
            for link in LINK.findall(page.read_text()):
                if "://" in link:
                    continue
                count += 1
                path, _, anchor = link.partition("#")
                target = page.parent / path if path else page
                self.assertTrue(target.exists(), f"{page.name}: {link}")
                if anchor:
                    self.assertIn(anchor, anchors(target), f"{page.name}: {link}")
        self.assertGreater(count, 20)

    def test_paths(self) -> None:
        """Every file and folder that a page names exists."""
        named = {(page.name, path) for page in PAGES for path in PATH.findall(page.read_text())}
        self.assertGreater(len(named), 20)
        self.assertEqual([(page, path) for page, path in sorted(named) if not (ROOT / path).exists()], [])

    def test_no_page_is_lost(self) -> None:
        """README leads to every page of docs/."""
        text = (ROOT / "README.md").read_text()
        self.assertEqual([page.name for page in DOCS.glob("*.md") if f"(docs/{page.name})" not in text], [])


class WordsTests(SynchronousTestCase):
    """What README and docs say of commands, targets, keys and reasons."""

    def setUp(self) -> None:
        self.readme = (ROOT / "README.md").read_text()

    def test_short(self) -> None:
        """README can be read at once."""
        self.assertLess(len(self.readme.splitlines()), 150)

    def test_commands(self) -> None:
        """Every `heart` command that README shows exists, and README shows every one."""
        shown = set(re.findall(r"(?:^    |`|bin/)heart ([a-z]+)", self.readme, re.MULTILINE))
        self.assertEqual(shown, set(COMMANDS))

    def test_targets(self) -> None:
        """Every target of make that README and CONTRIBUTING show exists."""
        both = self.readme + (ROOT / "CONTRIBUTING.md").read_text()
        shown = {
            word
            for line in re.findall(r"(?:^    |`)make ([a-z ]+?)(?:  |`|$)", both, re.MULTILINE)
            for word in line.split()
        }
        self.assertLessEqual({"demo", "test", "lint", "types"}, shown)
        targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        self.assertEqual(shown - targets, set())

    def test_tests(self) -> None:
        """Every test and package of tests that a page runs exists."""
        pages = "".join(page.read_text() for page in PAGES)
        named = set(re.findall(r"twisted\.trial (tests[\w.]*)", pages))
        self.assertLessEqual({"tests.core", "tests.simulation"}, named)
        for name in sorted(named):
            self.assertIsNotNone(namedAny(name), name)

    def test_every_key(self) -> None:
        """Every key of the example, also those that are commented out, is explained in configuration.md."""
        example = (ROOT / "conf" / "heart.toml").read_text()
        full = re.sub(r"^# (\[\w+\]|\w+ = )", r"\1", example, flags=re.MULTILINE)
        found = set(keys(tomllib.loads(full)))
        self.assertLessEqual({"late", "key_file", "timeout", "run", "baud"}, found)
        told = re.findall(r"`\[{0,2}([\w.]+)", (DOCS / "configuration.md").read_text())
        explained = {word for key in told for word in key.split(".")}
        self.assertEqual(found - explained, set())

    def test_reasons_of_refusal(self) -> None:
        """status.md and beat.md know the same reasons, and all those of the codec."""
        in_beat = {row[0] for row in table("beat.md", "## What is refused")}
        status = (DOCS / "status.md").read_text()
        _, _, below = status.partition("Reasons of `refused`\n")
        in_status = {row.split("|")[1].strip() for row in below.partition("\n## ")[0].splitlines()[3:] if row}
        self.assertEqual(in_beat, in_status)
        self.assertLess({f"`{reason.value}`" for reason in Refusal}, in_beat)

    def test_rest(self) -> None:
        """The size of a beat at rest is the same wherever it is told."""
        for page in ("beat.md", "cable.md"):
            self.assertIn(f"{REST_FRAME} bytes", (DOCS / page).read_text(), page)

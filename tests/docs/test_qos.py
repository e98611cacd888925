"""docs/qos.md and docs/qos.svg are what the scripts make of the calculation."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.docs.support import DOCS, load_script


class UpToDateTests(SynchronousTestCase):
    """The committed figures: who changes the timing sees what it does to them."""

    def test_table(self) -> None:
        """The document has the figures that are calculated now."""
        written = (DOCS / "qos.md").read_text()
        self.assertEqual(written, load_script("write_qos").text(written))

    def test_drawing(self) -> None:
        """So has the drawing."""
        self.assertEqual((DOCS / "qos.svg").read_text(), load_script("draw_qos").text())

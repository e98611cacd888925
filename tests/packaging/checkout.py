"""A copy of the checkout, what is built from it, and virtual environments into which that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SkipTest

ROOT = Path(__file__).resolve().parents[2]
RUBBISH = ("twisted/plugins/dropin.cache", "heart/stray.pyc", "tests/stray.pyc")  # as any use leaves it
PATIENCE = 600.0  # seconds that one step may take: pip may have to fetch things


def run(command: Sequence[str | Path], folder: Path, environment: dict[str, str] | None = None) -> str:
    """What a command prints. Raises AssertionError, with all that it said, where it fails."""
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=clean_environment() if environment is None else environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if ended.returncode != 0:
        raise AssertionError(
            f"{' '.join(map(str, command))}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
        )
    return ended.stdout


def clean_environment() -> dict[str, str]:
    """Ours without all that would let a Python see this checkout."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}


@cache
def workshop() -> Path:
    """A folder for all that these tests make, in trial's own; it stays there until the next run."""
    folder = Path("packaging").absolute()
    folder.mkdir()
    return folder


def copy_checkout(name: str) -> Path:
    """A copy of what is in the checkout or would be committed."""
    try:
        listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], ROOT)
    except (FileNotFoundError, AssertionError):
        raise SkipTest("needs git and a checkout, to copy what belongs to it") from None
    target = workshop() / name
    for file in filter(None, listed.split("\0")):
        if (ROOT / file).is_file():
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, target / file)
    return target


@cache
def build() -> tuple[Path, Path]:
    """A source distribution and the wheel that is built from it, as a release is made, among rubbish."""
    source = copy_checkout("source")
    for rubbish in RUBBISH:
        (source / rubbish).write_bytes(b"rubbish")
    run([sys.executable, "-m", "build", "--outdir", workshop() / "dist", source], source)
    (sdist,) = (workshop() / "dist").glob("*.tar.gz")
    (wheel,) = (workshop() / "dist").glob("*.whl")
    return sdist, wheel


class Installed:
    """A virtual environment of its own, into which one thing was installed with all that it needs."""

    def __init__(self, name: str, what: Sequence[str | Path], place: Path | None = None) -> None:
        place = place or workshop()
        self.folder = place / name
        venv.create(self.folder, with_pip=True, symlinks=True)
        self.bin = self.folder / "bin"
        self.away = place / f"{name}-away"
        self.away.mkdir()
        self.run("python", "-m", "pip", "install", "--quiet", *what)

    def run(self, program: str, *words: str | Path) -> str:
        """What a program of this environment prints, run from a folder that has nothing of ours."""
        return run([self.bin / program, *words], self.away)


@cache
def from_wheel() -> Installed:
    """The wheel, installed."""
    return Installed("wheel", [build()[1]])


@cache
def editable() -> Installed:
    """A checkout, installed so that it can be worked on."""
    return Installed("editable", ["--editable", copy_checkout("worked-on")])

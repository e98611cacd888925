"""What the tests of whole nodes need of the machine. What is missing is said, and makes a test be left out.

Where the environment variable HEART_TESTS_COMPLETE is 1, nothing may be left out: then it fails instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SkipTest

COMPLETE = "HEART_TESTS_COMPLETE"
_LIBRARY = "faketime/libfaketimeMT.so.1"

Need = Callable[[], str | None]
"""Says what is missing, in one line; None where nothing is."""


def root() -> str | None:
    """Making namespaces and addresses needs root."""
    return None if os.geteuid() == 0 else "needs root, to make network namespaces"


def ip() -> str | None:
    """The command `ip`."""
    return _lacks("ip", "iproute2")


@cache
def namespaces() -> str | None:
    """Whether this root may make network namespaces: one in a container may not."""
    if (problem := root() or ip() or _lacks("unshare", "util-linux")) is not None:
        return problem
    tried = subprocess.run([tool("unshare"), "--net", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"needs network namespaces: {tried.stderr.strip()}"


def nft() -> str | None:
    """The command `nft`, which throws packets away."""
    return _lacks("nft", "nftables")


def nginx() -> str | None:
    """The web server nginx."""
    return _lacks("nginx", "nginx-light")


def shellcheck() -> str | None:
    """The command `shellcheck`, which looks for faults in shell scripts."""
    return _lacks("shellcheck", "shellcheck")


def faketime() -> str | None:
    """The library by which a process sees another time of day."""
    return None if faketime_library() is not None else "needs libfaketimeMT.so.1 (Debian package faketime)"


def faketime_library() -> Path | None:
    """Where that library lies; None if it is not installed."""
    folders = (
        Path("/usr/lib"),
        Path("/usr/lib64"),
        Path("/usr/local/lib"),
        *Path("/usr/lib").glob("*-linux-*"),
    )
    return next((folder / _LIBRARY for folder in folders if (folder / _LIBRARY).exists()), None)


def tool(name: str) -> str:
    """The path of a command that is there. Raises FileNotFoundError."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        raise FileNotFoundError(name)
    return path


def _lacks(name: str, package: str) -> str | None:
    try:
        tool(name)
    except FileNotFoundError:
        return f"needs the command {name} (package {package})"
    return None


def demand(*needs: Need) -> None:
    """Leave the test out where something is missing, or fail it where nothing may be left out."""
    problems = [problem for need in needs if (problem := need()) is not None]
    if not problems:
        return
    said = "; ".join(dict.fromkeys(problems))
    if os.environ.get(COMPLETE) == "1":
        raise AssertionError(f"{said}; with {COMPLETE}=1 no test may be left out")
    raise SkipTest(said)

"""How a command is started, and why one was not."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from shutil import which

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH of every command."""

# `spawnProcess` offers neither a session of its own nor, without a fork of the whole daemon, a directory.
# What protects the daemon when memory runs out is not for what scripts start.
_BY_SETSID = (
    "/bin/sh",
    "-c",
    'cd / && { echo 0 > /proc/self/oom_score_adj; } 2> /dev/null; exec setsid -- "$@"',
    "sh",
)

_SESSION = """\
import os, sys
os.setsid()
os.chdir("/")
try:
    os.execv(sys.argv[1], sys.argv[1:])
except OSError as error:
    os.write(2, f"setsid: {sys.argv[1]}: {error.strerror}\\n".encode())
    os._exit(127)
"""


def launcher(search_path: str = SEARCH_PATH) -> tuple[str, ...]:
    """The beginning of every command line: it makes a session and becomes the command.

    By setsid of util-linux; where there is none, as beyond Linux, by another Python, which takes longer.
    """
    if which("setsid", path=search_path) is not None:
        return _BY_SETSID
    return (sys.executable, "-I", "-S", "-c", _SESSION)


LAUNCH = launcher()


def why_not_run(program: str, output: str) -> str | None:
    """One line if it was not the command that failed but its start, else None.

    The kernel has answered for these files a moment ago, so that looking at them does not stall.
    """
    if output.startswith("sh: ") and "setsid" in output:
        return f"cannot be run: setsid (of util-linux) is not in {SEARCH_PATH}"
    if not output.startswith("setsid: "):
        return None
    try:
        path = Path(program)
        if path.is_dir():
            return "cannot be run: it is a directory, not an executable file"
        if not path.exists():
            return "cannot be run: there is no such file"
        if not os.access(path, os.X_OK):
            return (
                "cannot be run: it is not executable (see chmod +x, and noexec in its file system's options)"
            )
        with path.open("rb") as file:
            first = file.readline(256).decode(errors="replace")
    except OSError as error:
        return f"cannot be run: {error.strerror}"
    interpreter = first[2:].strip(" \t\n").split(" ")[0] if first.startswith("#!") else ""
    if interpreter and not os.access(interpreter, os.X_OK):
        return f"cannot be run: its first line names {interpreter!r}, which is not an executable file"
    return f"cannot be run: {output.splitlines()[0].rpartition(': ')[2]}"

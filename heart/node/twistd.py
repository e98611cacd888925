"""The `twistd heart` command: its options, and the service that it makes.

twistd parses options before it installs a reactor, so ours is installed here, without a flag. What is
wrong is said in one line on standard error, and nothing is started.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import syslog
from pathlib import Path
from typing import Any, NoReturn

from twisted.application.service import IService
from twisted.internet.error import ReactorAlreadyInstalledError
from twisted.python.usage import Options as TwistdOptions

from heart.config import ConfigurationErrors, load
from heart.config.model import Configuration
from heart.keys import KeyFileError, Keys, load_keys
from heart.logs import LogWriter, Write, to_descriptor
from heart.node import reactor as monotonic
from heart.node.lock import NodeLock, NodeLocked

DEFAULT_FILE = "/etc/heart/heart.toml"
STANDARD_OUTPUT = 1


class Options(TwistdOptions):
    """What `twistd heart` takes."""

    synopsis = "[--config PATH] [--node NAME]"
    longdesc = "Keeps a service alive on exactly one of a few machines."
    optParameters = [  # noqa: RUF012, N815 - as Twisted wants it
        ["config", "c", DEFAULT_FILE, "The configuration, the same on every node."],
        ["node", "n", None, "The node that this is; else the one named like this machine."],
    ]
    configuration: Configuration
    cluster_keys: Keys
    log: LogWriter

    def postOptions(self) -> None:
        """Read the configuration, become the only daemon of this node, and bring our reactor."""
        try:
            self.configuration = load(Path(self["config"]), self["node"])
            self.cluster_keys = load_keys(self.configuration.key_file)
            self.lock = NodeLock(self.configuration.socket().with_suffix(".lock"))
            monotonic.install()
        except ConfigurationErrors as errors:
            _end(*errors.lines)
        except (KeyFileError, NodeLocked) as error:
            _end(str(error))
        except ReactorAlreadyInstalledError:
            _end(
                "heart: brings its own reactor, whose timers do not follow the time of day, and another one "
                "is there: omit --reactor, or take away a plug-in that imports the reactor at its head"
            )
        self._settle_twistd(self.parent)

    def _settle_twistd(self, twistd: Any) -> None:
        """Give twistd's own options defaults that fit: where its pid file lies, and how it logs."""
        if twistd["pidfile"] == "twistd.pid":
            in_run = self.configuration.socket().with_suffix(".pid")
            in_run.unlink(missing_ok=True)  # we hold the lock: it is of a daemon that was killed
            twistd["pidfile"] = "" if twistd["nodaemon"] else str(in_run)
        self.log = LogWriter(_to_syslog(twistd["prefix"]) if twistd["syslog"] else _to_file(twistd))
        if twistd["nodaemon"]:  # no fork is to come, and its output may be a pipe that nobody reads
            self.log.start()


def make_service(options: Options) -> IService:
    """The node's service, to be started by twistd on the reactor that the options brought."""
    from twisted.internet import reactor

    from heart.node.service import NodeService

    # What is loaded now stays for good: a collection that has to look through it would pause the beats.
    gc.freeze()
    # Until there is something to reload, a hang-up must not end what keeps a service alive.
    signal.signal(signal.SIGHUP, lambda number, frame: None)
    return NodeService(options.configuration, options.cluster_keys, reactor, options.log)


def _to_syslog(prefix: str) -> Write:
    """Writes lines to the system's log, which may stall as any log may."""
    syslog.openlog(prefix, syslog.LOG_PID, syslog.LOG_DAEMON)
    return lambda line: syslog.syslog(line.rstrip("\n"))


def _to_file(twistd: Any) -> Write:
    """Writes lines where twistd would: to a file descriptor that outlives its daemonizing."""
    logfile = twistd["logfile"]
    if twistd["nodaemon"] and logfile in (None, "-"):
        return to_descriptor(STANDARD_OUTPUT)
    if logfile == "-":
        _end("heart: a daemon has no standard output to log to; name a file with --logfile")
    path = Path(twistd["rundir"] or ".", logfile or "twistd.log")
    try:
        return to_descriptor(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640))
    except OSError as error:
        _end(f"{path}: the log cannot be written ({error.strerror}); name another file with --logfile")


def _end(*lines: str) -> NoReturn:
    for line in lines:
        sys.stderr.write(line + "\n")
    raise SystemExit(1)


options = Options
makeService = make_service  # noqa: N816 - twistd asks for it by this name

"""The `heart` command itself: it finds the subcommand, and ends with one line where anything fails.

Exit codes: 0 done or good; 1 wrong, refused or failed, usage errors too; 3 the daemon cannot be reached.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

import heart

# Subcommand: the module and the name of its click command, and what it does, in a line; what is needed most
# often comes first.
COMMANDS: dict[str, tuple[str, str]] = {
    "status": ("heart.cli.status:status", "Show services, nodes and links; --watch goes on."),
    "events": ("heart.cli.events:events", "Show what happened, and why; --follow goes on."),
    "move": ("heart.cli.orders:move", "Move a service to another node."),
    "standby": ("heart.cli.orders:standby", "Have a node hold nothing, for work on it."),
    "active": ("heart.cli.orders:active", "End a node's standby."),
    "retry": ("heart.cli.orders:retry", "Forget a service's failures once they are mended."),
    "set": ("heart.cli.orders:set_attribute", "Tell all nodes and scripts something of this node."),
    "check": ("heart.cli.check:check", "Say whether a configuration is good, and what it means."),
    "reload": ("heart.cli.reload:reload", "Have the daemon take up a changed configuration."),
    "keygen": ("heart.cli.keygen:keygen", "Make the cluster's key file."),
    "simulate": ("heart.cli.simulate:simulate", "Search simulated clusters for a rule that does not hold."),
    "demo": ("heart.cli.demo:demo", "Show two nodes on this machine whose cables can be cut."),
}


class Commands(click.Group):
    """A group whose subcommands are imported when they are called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all subcommands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of this name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; what it printed is out before it counts as done."""
        result = super().invoke(ctx)
        sys.stdout.flush()
        return result

    def main(  # type: ignore[override]  # this one ends the process whatever is asked of it
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run the command line and exit; errors are one line on standard error."""
        extra["standalone_mode"] = False  # where click itself would exit with 2, or show a traceback
        try:
            result = super().main(args, prog_name or "heart", **extra)
            code = result if isinstance(result, int) else 0
        except click.Abort:
            code = 1
        except click.ClickException as error:
            code = _complain(_explain(error))
        except OSError as error:
            code = _complain(_describe(error))
        except Exception as error:  # a fault of ours: still one line, which says where to look
            code = _complain(_locate(error))
        _discard_output()
        sys.exit(code)


def _complain(line: str) -> int:
    click.echo(f"heart: {' '.join(line.split())}", err=True)
    return 1


def _explain(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return "expected a command: see heart --help"
    return error.format_message() + (f" See {context.command_path} --help" if context else "")


def _describe(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename is not None else ""
    return f"{place}{error.strerror or error}"


def _locate(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name} line {frame.lineno}"
    return f"a fault of this program, please report it: {type(error).__name__} in {place}: {error}"


def _discard_output() -> None:
    """Give up on output that cannot be written, so that the interpreter does not try it again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            sys.stdout.close()


@click.group("heart", cls=Commands)
@click.version_option(heart.__version__, prog_name="heart")
def main() -> None:
    """Keep a service alive on exactly one of a few machines."""

"""Which commands does `pileus` have?

Only the one that is asked for is loaded: the time to start is also that of every `pileus logs` and `pileus invoke`.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

COMMANDS: Final = (
    "up",
    "status",
    "doctor",
    "reset",
    "env",
    "explain",
    "bill",
    "logs",
    "invoke",
    "version",
    "admin-token",
)
"""In the order of the help. Each is the function of its name in the module of its name in `commands/`."""


def _main(
    context: typer.Context,
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if show_version:
        _command("version")()
        raise typer.Exit
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit(2)


def _command(name: str) -> Callable[..., None]:
    function = name.replace("-", "_")
    command: Callable[..., None] = getattr(import_module(f"pileus.commands.{function}"), function)
    return command


def application(arguments: Sequence[str]) -> typer.Typer:
    """With the command that these name, or with all where they name none: for the help, and for who mistypes."""
    app = typer.Typer(
        name="pileus",
        help="The AWS serverless stack as one Python program that you own.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(_main)
    for name in arguments[:1] if arguments[:1] and arguments[0] in COMMANDS else COMMANDS:
        app.command(name)(_command(name))
    return app


def main() -> None:
    """The console script."""
    try:
        application(sys.argv[1:])()
    except BrokenPipeError:
        os._exit(141)  # whoever read our output has left; there is nobody to tell

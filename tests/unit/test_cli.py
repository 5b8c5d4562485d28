"""Is every command there, and does one load none of the others?"""

import subprocess
import sys

from typer.testing import CliRunner

from pileus import cli

_LOADED = """
import sys
from pileus import cli
sys.argv = ["pileus", "version"]
try:
    cli.main()
except SystemExit:
    pass
print(sorted(name for name in sys.modules if name.startswith("pileus.commands.")))
"""


def test_every_command_of_the_list_has_help() -> None:
    """A name without its module, or a module without its function, would fail only when somebody asks for it."""
    for name in cli.COMMANDS:
        shown = CliRunner().invoke(cli.application((name,)), [name, "--help"])
        assert shown.exit_code == 0, shown.output
        assert f"pileus {name}" in shown.output


def test_the_help_lists_every_command() -> None:
    """Whoever names no command, or one that is not there, is shown all."""
    for arguments in ((), ("--help",), ("nosuch",)):
        shown = CliRunner().invoke(cli.application(arguments), ["--help"]).output
        assert [name for name in cli.COMMANDS if f"\n  {name} " not in shown] == []


def test_a_command_loads_no_other() -> None:
    """What `pileus up` and `pileus invoke` take to start must not grow with the number of commands."""
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert loaded == "['pileus.commands.options', 'pileus.commands.version']"

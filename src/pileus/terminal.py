"""What does a person see? Coloured when it is a terminal, plain otherwise, JSON where a script reads."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from rich.console import Console


def console(*, to_stderr: bool = False) -> "Console":
    """A console that colours only terminals. Rich costs 50 ms to import, so it is imported when it prints."""
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False, soft_wrap=True)


def say_json(content: Mapping[str, object] | Sequence[object]) -> None:
    """One line, for a script."""
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def refuse(message: str, *, hint: str = "") -> NoReturn:
    """End with one clear line on stderr, and status 2: an error of use, never a traceback."""
    line = f"pileus: {message}" + (f" ({hint})" if hint else "")
    sys.stderr.write(line + "\n")
    raise SystemExit(2)

"""`pileus version`: which one is this?"""

import sys

from pileus import __version__
from pileus.commands.options import Json
from pileus.terminal import say_json


def version(*, as_json: Json = False) -> None:
    """Print the version."""
    if as_json:
        say_json({"version": __version__})
    else:
        sys.stdout.write(f"pileus {__version__}\n")

"""`pileus reset`: forget all data."""

import sys
from typing import Annotated

import typer

from pileus.commands.options import DataDir, Url
from pileus.commands.reaching import running_at, token_for
from pileus.settings import DATA_DIR_DEFAULT
from pileus.terminal import console, refuse


def reset(
    *,
    data_dir: DataDir = DATA_DIR_DEFAULT,
    url: Url = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget all data.

    Of the running server, or of the data directory when none runs.
    """
    from pileus.kernel.storage.seam import StoreInUse
    from pileus.running import Declined, Unreachable, ask, is_pileus, remove

    running = running_at(data_dir, url)
    what = f"the Pileus at {running.url}" if running else f"{data_dir}"
    if not running and not is_pileus(data_dir):
        refuse(f"no Pileus runs on {data_dir}, and it holds no data of one")
    if not yes:
        if not sys.stdin.isatty():
            refuse(f"this deletes all data of {what}", hint="say --yes")
        typer.confirm(f"Delete all data of {what}?", abort=True)
    if running:
        try:
            ask(running.url, "/_pileus/reset", method="POST", token=token_for(running, data_dir))
        except Declined as error:
            refuse(str(error))
        except Unreachable as error:
            refuse(f"no answer from {running.url}: {error}")
    else:
        try:
            left = remove(data_dir)
        except StoreInUse as error:
            refuse(str(error), hint="stop that server, or name it with --url")
        if left:
            names = ", ".join(path.name for path in left[:5])
            console().print(f"left in {data_dir}, since they are not Pileus's: {names}")
    console().print(f"[green]forgotten[/green]: all data of {what}")

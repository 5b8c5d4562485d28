"""`pileus bill`: what would a month's use cost on AWS?"""

from typing import Annotated

import typer

from pileus.commands.options import DataDir, Json, Url
from pileus.commands.reaching import START_OR_NAME, running_at, token_for
from pileus.settings import DATA_DIR_DEFAULT
from pileus.terminal import console, refuse, say_json


def bill(
    *,
    month: Annotated[str, typer.Option(help="As in 2026-11; without it, this month.", metavar="YYYY-MM")] = "",
    data_dir: DataDir = DATA_DIR_DEFAULT,
    url: Url = "",
    as_json: Json = False,
) -> None:
    """Say what a month's use would cost on AWS.

    All that is used and held, less the free tier; no provisioned capacity, text messages or taxes.
    """
    from urllib.parse import urlencode

    import msgspec

    from pileus.billing import PATH, Bill, told
    from pileus.running import Declined, Unreachable, ask

    running = running_at(data_dir, url)
    if running is None:
        refuse(f"no Pileus runs on {data_dir}", hint=START_OR_NAME)
    try:
        path = f"{PATH}?{urlencode({'month': month})}" if month else PATH
        answer = ask(running.url, path, token=token_for(running, data_dir))
    except Declined as error:
        refuse(str(error))
    except Unreachable as error:
        refuse(f"no answer from {running.url}: {error}")
    if as_json:
        say_json(answer)
        return
    for line in told(msgspec.convert(answer, Bill)):
        console().print(line, markup=False, soft_wrap=True)

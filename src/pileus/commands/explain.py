"""`pileus explain`: why was a request allowed or denied?"""

from typing import Annotated

import typer

from pileus.commands.options import DataDir, Json, Url
from pileus.commands.reaching import running_at, token_for
from pileus.settings import DATA_DIR_DEFAULT
from pileus.terminal import console, refuse, say_json


def explain(
    request_id: Annotated[
        str | None,
        typer.Argument(
            help="As the client was told it: x-amzn-RequestId, apigw-requestid, or SNS's MessageId. "
            "Else the latest denials."
        ),
    ] = None,
    *,
    data_dir: DataDir = DATA_DIR_DEFAULT,
    url: Url = "",
    as_json: Json = False,
) -> None:
    """Say why a request was allowed or denied.

    Denials are kept for long, what was allowed for the latest few thousand requests. The latest stands last, also with
    --json. Exit status 1 when it is neither.
    """
    from pileus.explaining import decisions_about, explained, latest_denials
    from pileus.running import Unreachable

    running = running_at(data_dir, url)
    if running is None:
        refuse(f"no Pileus runs on {data_dir}")
    try:
        token = token_for(running, data_dir)
        if request_id is None:
            found = latest_denials(running.url, token=token)
        else:
            found = decisions_about(running.url, request_id, token=token)
    except Unreachable as error:
        refuse(f"no answer from {running.url}: {error}", hint="a strict one wants --data-dir, where its token is")
    if as_json:
        say_json(found)
    out = console()
    for decision in found if not as_json else ():
        for line in explained(decision):
            out.print(line, markup=False, soft_wrap=True)
    if not found and not as_json:
        if request_id is None:
            out.print("no denial is kept")
        else:
            why = "nobody is asked about a root or an unknown key in its own account, or it was long ago"
            out.print(f"no decision about request {request_id} is kept: {why}", markup=False, soft_wrap=True)
    if not found and request_id is not None:
        raise SystemExit(1)

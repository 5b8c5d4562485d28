"""`pileus explain`: why was a request allowed or denied?"""

from typing import Annotated

import typer

from pileus.commands.options import DataDir, Json, Url
from pileus.commands.reaching import START_OR_NAME, running_at, token_for
from pileus.explaining import LATEST_SHOWN, LIMIT_MAX
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
    principal: Annotated[str, typer.Option(help="Only of who has this in the ARN: a name, an account.")] = "",
    action: Annotated[str, typer.Option(help="Only about actions that have this in their name: s3:, PutItem.")] = "",
    resource: Annotated[str, typer.Option(help="Only about what has this in its ARN.")] = "",
    allowed: Annotated[
        bool | None, typer.Option("--allowed/--denied", help="Only these; without a request, denials.")
    ] = None,
    limit: Annotated[int, typer.Option(help="The latest so many.", min=1, max=LIMIT_MAX)] = LATEST_SHOWN,
    data_dir: DataDir = DATA_DIR_DEFAULT,
    url: Url = "",
    as_json: Json = False,
) -> None:
    """Say why a request was allowed or denied, or list what was decided.

    Denials are kept for long, what was allowed for the latest few thousand requests. The latest stands last, also with
    --json. Exit status 1 when it is neither.
    """
    from pileus.explaining import decisions_found, explained
    from pileus.running import Declined, Unreachable

    if allowed is None and request_id is None:
        allowed = False
    asked = {
        "request_id": request_id,
        "principal": principal,
        "action": action,
        "resource": resource,
        "allowed": None if allowed is None else str(allowed).lower(),
        "limit": str(LIMIT_MAX if request_id is not None else limit),
    }
    wish = {name: value for name, value in asked.items() if value}
    running = running_at(data_dir, url)
    if running is None:
        refuse(f"no Pileus runs on {data_dir}", hint=START_OR_NAME)
    token = token_for(running, data_dir)
    try:
        found = decisions_found(running.url, wish, token=token)
    except Declined as error:
        refuse(str(error), hint="a strict one wants --data-dir, where its token is" if not token else "")
    except Unreachable as error:
        refuse(f"no answer from {running.url}: {error}")
    if as_json:
        say_json(found)
    out = console()
    for decision in found if not as_json else ():
        for line in explained(decision):
            out.print(line, markup=False, soft_wrap=True)
    if not found and not as_json:
        if request_id is None:
            out.print("no such decision is kept" if allowed else "no denial is kept")
        else:
            why = "nobody is asked about a root or an unknown key in its own account, or it was long ago"
            out.print(f"no decision about request {request_id} is kept: {why}", markup=False, soft_wrap=True)
    if not found and request_id is not None:
        raise SystemExit(1)

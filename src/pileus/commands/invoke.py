"""`pileus invoke`: what does a function give?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pileus.commands.options import Account, DataDir, Region, Url
from pileus.commands.reaching import caller_for
from pileus.settings import DATA_DIR_DEFAULT
from pileus.terminal import refuse


def invoke(
    function: Annotated[str, typer.Argument(help="Its name or ARN.")],
    payload: Annotated[str, typer.Argument(help="JSON; @FILE reads a file, - the standard input.")] = "{}",
    *,
    qualifier: Annotated[str, typer.Option(help="A version or an alias.")] = "",
    event: Annotated[bool, typer.Option("--event", help="Hand it over and do not wait.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Show the end of its log, on stderr.")] = False,
    data_dir: DataDir = DATA_DIR_DEFAULT,
    url: Url = "",
    region: Region = "us-east-1",
    account: Account = "000000000000",
) -> None:
    """Invoke a function and print what it gives.

    Exit status 1 when it failed.
    """
    from pileus.calling import Refused
    from pileus.invoking import invoke as invoke_function
    from pileus.invoking import is_json
    from pileus.running import Unreachable

    content = _content(payload)
    if not is_json(content):
        refuse("the payload is no JSON", hint="quote it: pileus invoke FUNCTION '{\"key\": 1}'")
    caller = caller_for(data_dir, url, account=account, region=region)
    try:
        invoked = invoke_function(caller, function, content, qualifier=qualifier, event=event)
    except Refused as error:
        refuse(str(error))
    except Unreachable as error:
        refuse(f"no answer from {caller.url}: {error}")
    if log:
        sys.stderr.write(invoked.log)
    if event:
        sys.stdout.write(f"accepted: {invoked.request_id}\n")
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(invoked.payload + b"\n")
    sys.stdout.buffer.flush()
    if invoked.error:
        raise SystemExit(1)


def _content(payload: str) -> bytes:
    try:
        if payload == "-":
            return sys.stdin.buffer.read()
        return Path(payload[1:]).read_bytes() if payload.startswith("@") else payload.encode()
    except OSError as error:
        refuse(f"the payload cannot be read: {error}")

"""`pileus logs`: what has a function logged?"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pileus.commands.options import Account, DataDir, Json, Region, Url
from pileus.commands.reaching import caller_for, running_at
from pileus.settings import DATA_DIR_DEFAULT
from pileus.terminal import refuse, say_json

if TYPE_CHECKING:
    from pileus.calling import Caller


def logs(
    name: Annotated[str, typer.Argument(help="A function, or a log group.")],
    *,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", "-f", help="Go on with what comes, also when the server is started again, until Ctrl-C."
        ),
    ] = False,
    since: Annotated[str, typer.Option(help="From when on: 10m, 2h, 1d ago, or a time such as 2026-03-05T10:00.")] = (
        "1h"
    ),
    filter_pattern: Annotated[str, typer.Option("--filter", help="Only what matches this filter pattern.")] = "",
    data_dir: DataDir = DATA_DIR_DEFAULT,
    url: Url = "",
    region: Region = "us-east-1",
    account: Account = "000000000000",
    as_json: Json = False,
) -> None:
    """Show what a function has logged."""
    from pileus.calling import Refused, server_now
    from pileus.reading_logs import log_events, log_group_of, shown, since_ms
    from pileus.running import Unreachable

    caller = caller_for(data_dir, url, account=account, region=region)

    def wait(waited: bool) -> "Caller":
        """Who asks whoever serves there by now."""
        if not waited:
            sys.stderr.write(f"pileus: no answer from {caller.url}; waiting until it serves again\n")
        there = running_at(data_dir, url) is not None
        return caller_for(data_dir, url, account=account, region=region) if there else caller

    try:
        begin_ms = since_ms(since, now=server_now(caller.url))
        if begin_ms is None:
            refuse(f"{since!r} is no time", hint="say 10m, 2h, 1d or 2026-03-05T10:00")
        group = log_group_of(caller, name)
        following = wait if follow else None
        event = None
        for event in log_events(caller, group, since=begin_ms, pattern=filter_pattern, follow=following):
            if as_json:
                say_json(event._asdict())
            else:
                sys.stdout.write(shown(event) + "\n")
                sys.stdout.flush()
        if event is None:
            sys.stderr.write(f"pileus: nothing since {since} of the server's clock (--since looks further back)\n")
    except KeyboardInterrupt:
        raise SystemExit(0) from None
    except Refused as error:
        refuse(str(error))
    except Unreachable:
        refuse(f"Pileus does not run at {caller.url}", hint="start it: pileus up")

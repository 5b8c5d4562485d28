"""The command line: `pileus up`, and what one asks beside it."""

import os
import sys
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pileus import __version__
from pileus.settings import DATA_DIR_DEFAULT, PORT_DEFAULT, SERVICES, Settings
from pileus.terminal import console, refuse, say_json

if TYPE_CHECKING:
    from pileus.calling import Caller
    from pileus.kernel.auth.organizations import Organization
    from pileus.running import Running

app: Final = typer.Typer(
    name="pileus",
    help="The AWS serverless stack as one Python program that you own.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class _Auth(StrEnum):
    OPEN = "open"
    STRICT = "strict"


class _Durability(StrEnum):
    PROCESS = "process"
    FULL = "full"


class _LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_DataDir = Annotated[Path, typer.Option("--data-dir", help="Where the data lives.", envvar="PILEUS_DATA_DIR")]
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for a script.")]
_Region = Annotated[
    str, typer.Option(help="The region to work in.", envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], show_envvar=False)
]
_Account = Annotated[str, typer.Option(help="The account to act as: 12 digits.")]
_Url = Annotated[str, typer.Option("--url", help="Ask this server instead of the data directory's.")]


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if show_version:
        version()
        raise typer.Exit
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit(2)


@app.command()
def up(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.", envvar="PILEUS_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535, envvar="PILEUS_PORT")] = (
        PORT_DEFAULT
    ),
    data_dir: _DataDir = DATA_DIR_DEFAULT,
    auth: Annotated[
        _Auth | None,
        typer.Option(help="open: any key is welcome. strict: every request is verified. Default: open on loopback."),
    ] = None,
    durability: Annotated[
        _Durability, typer.Option(help="process: survives kill -9. full: also loss of power.")
    ] = _Durability.PROCESS,
    log_level: Annotated[_LogLevel, typer.Option(help="What the server itself logs.")] = _LogLevel.WARNING,
    services: Annotated[str, typer.Option(help="Only these, separated by commas.")] = ",".join(SERVICES),
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name of this server, and of web pages that may call it while open. Repeatable."),
    ] = None,
    allow_private_issuers: Annotated[
        bool,
        typer.Option(
            "--allow-private-issuers",
            help="Fetch keys of OpenID Connect issuers from loopback and private addresses too. While open: always.",
        ),
    ] = False,
    organization: Annotated[
        Path | None,
        typer.Option(
            help="A TOML file that says which accounts form an organization, and what its SCPs are; see docs/auth.md.",
            metavar="FILE",
            envvar="PILEUS_ORGANIZATION",
        ),
    ] = None,
    dynamodb_table_delay: Annotated[
        float, typer.Option(help="Seconds that a table stays CREATING, UPDATING or DELETING.", min=0, max=3600)
    ] = 0,
    strict_runtimes: Annotated[
        bool,
        typer.Option(
            "--strict-runtimes", help="Refuse functions whose runtime is not installed here in the very version."
        ),
    ] = False,
    deploy: Annotated[
        Path | None,
        typer.Option(help="A Python script to run once Pileus serves, with AWS_ENDPOINT_URL set.", metavar="SCRIPT"),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Start Pileus and serve until Ctrl-C."""
    chosen = [name.strip() for name in services.split(",") if name.strip()]
    if unknown := sorted(set(chosen) - set(SERVICES)):
        refuse(f"no service is called {', '.join(unknown)}", hint=f"there are: {', '.join(SERVICES)}")
    if not chosen:
        refuse("--services names none", hint=f"there are: {', '.join(SERVICES)}")
    if deploy is not None and not deploy.is_file():
        refuse(f"no file at {deploy}")
    settings = Settings(
        host=host,
        port=port,
        data_dir=data_dir,
        auth=auth.value if auth else None,
        durability=durability.value,
        log_level=log_level.value,
        services=chosen,
        allowed_hosts=allow_host or (),
        private_issuers=allow_private_issuers,
        dynamodb_table_delay=timedelta(seconds=dynamodb_table_delay),
        organization=None if organization is None else _organization(organization),
        strict_runtimes=strict_runtimes,
    )
    from pileus.server import serve

    raise SystemExit(serve(settings, deploy=deploy, as_json=as_json))


@app.command()
def status(*, data_dir: _DataDir = DATA_DIR_DEFAULT, url: _Url = "", as_json: _Json = False) -> None:
    """Say whether Pileus runs and where.

    Exit status 1 when it does not.
    """
    from pileus.running import Unreachable, ask

    running = _running(data_dir, url)
    try:
        health = ask(running.url, "/_pileus/health") if running else None
    except Unreachable:
        health = None
    if running is None or health is None:
        if as_json:
            say_json({"status": "stopped"})
        else:
            console().print(f"Pileus does not run on the data of {data_dir}. Start it: [bold]pileus up[/bold]")
        raise SystemExit(1)
    if as_json:
        say_json({**health, "url": running.url, "pid": running.pid or None})
        return
    out = console()
    out.print(f"[green]running[/green]  {running.url}  (version {health['version']}, {_since(health['uptime_s'])})")
    names = health["services"]
    if isinstance(names, dict):
        out.print(f"services {', '.join(sorted(names))}")


@app.command()
def doctor(*, as_json: _Json = False) -> None:
    """Say what this host offers.

    Isolation, runtimes and engines, and what will be missing.
    """
    from pileus.doctor import examine

    findings = examine()
    if as_json:
        import msgspec

        content: list[object] = msgspec.to_builtins(findings)
        say_json(content)
        return
    colours = {"ok": "green", "limited": "yellow", "missing": "red"}
    out = console()
    area = ""
    for finding in findings:
        if finding.area != area:
            area = finding.area
            out.print(f"\n[bold]{area}[/bold]")
        standing = f"[{colours[finding.standing]}]{finding.standing:<8}[/]"
        out.print(f"  {standing} {finding.name:<18} ", end="")
        out.print(finding.detail, markup=False)
        if finding.consequence:
            out.print(" " * 30 + "-> ", end="")
            out.print(finding.consequence, markup=False)


@app.command()
def reset(
    *,
    data_dir: _DataDir = DATA_DIR_DEFAULT,
    url: _Url = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget all data.

    Of the running server, or of the data directory when none runs.
    """
    from pileus.kernel.storage.seam import StoreInUse
    from pileus.running import Unreachable, ask, is_pileus, remove

    running = _running(data_dir, url)
    what = f"the Pileus at {running.url}" if running else f"{data_dir}"
    if not running and not is_pileus(data_dir):
        refuse(f"no Pileus runs on {data_dir}, and it holds no data of one")
    if not yes:
        if not sys.stdin.isatty():
            refuse(f"this deletes all data of {what}", hint="say --yes")
        typer.confirm(f"Delete all data of {what}?", abort=True)
    if running:
        try:
            ask(running.url, "/_pileus/reset", method="POST", token=_admin_token(running, data_dir))
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


@app.command()
def env(
    *,
    data_dir: _DataDir = DATA_DIR_DEFAULT,
    url: _Url = "",
    region: Annotated[str, typer.Option(help="The region to work in.")] = "us-east-1",
    account: Annotated[str, typer.Option(help="The account to act as: 12 digits.")] = "000000000000",
    as_json: _Json = False,
) -> None:
    """Print exports for a shell.

    They point AWS tools here: eval "$(pileus env)". Of a strict server they hold the root's key.
    """
    if len(account) != 12 or not account.isascii() or not account.isdigit():
        refuse(f"an account has 12 digits, and {account!r} has not")
    running = _running(data_dir, url)
    if running is None:
        sys.stderr.write(f"pileus: none runs on {data_dir}; these exports are for one at the default address\n")
    key = (account, "pileus")
    if running is not None and running.auth == "strict":
        key = _root_key(data_dir) or key
    exports = {
        "AWS_ENDPOINT_URL": running.url if running else f"http://127.0.0.1:{PORT_DEFAULT}",
        "AWS_ACCESS_KEY_ID": key[0],
        "AWS_SECRET_ACCESS_KEY": key[1],
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }
    if as_json:
        say_json(exports)
        return
    for name, value in exports.items():
        sys.stdout.write(f"export {name}={value}\n")
    sys.stdout.write("unset AWS_SESSION_TOKEN AWS_PROFILE\n")


@app.command()
def explain(
    request_id: Annotated[
        str | None,
        typer.Argument(help="As the client was told it: x-amzn-RequestId, apigw-requestid. Else the latest denials."),
    ] = None,
    *,
    data_dir: _DataDir = DATA_DIR_DEFAULT,
    url: _Url = "",
    as_json: _Json = False,
) -> None:
    """Say why a request was allowed or denied.

    Denials are kept for long, what was allowed for the latest few thousand requests. Exit status 1 when it is neither.
    """
    from pileus.explaining import decisions_about, explained, latest_denials
    from pileus.running import Unreachable

    running = _running(data_dir, url)
    if running is None:
        refuse(f"no Pileus runs on {data_dir}")
    try:
        token = _admin_token(running, data_dir)
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


@app.command()
def bill(
    *,
    month: Annotated[str, typer.Option(help="As in 2026-11; without it, this month.", metavar="YYYY-MM")] = "",
    data_dir: _DataDir = DATA_DIR_DEFAULT,
    url: _Url = "",
    as_json: _Json = False,
) -> None:
    """Say what a month's use would cost on AWS.

    Requests and GB-seconds of functions, less the free tier, and the units that tables consumed; no storage, no taxes.
    """
    import msgspec

    from pileus.billing import PATH, Bill, told
    from pileus.running import Unreachable, ask

    running = _running(data_dir, url)
    if running is None:
        refuse(f"no Pileus runs on {data_dir}")
    try:
        answer = ask(running.url, f"{PATH}?month={month}" if month else PATH, token=_admin_token(running, data_dir))
    except Unreachable as error:
        refuse(f"no answer from {running.url}: {error}", hint="a month is named as in 2026-11")
    if as_json:
        say_json(answer)
        return
    for line in told(msgspec.convert(answer, Bill)):
        console().print(line, markup=False, soft_wrap=True)


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="A function, or a log group.")],
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    since: Annotated[str, typer.Option(help="From when on: 10m, 2h, 1d ago, or a time such as 2026-03-05T10:00.")] = (
        "1h"
    ),
    filter_pattern: Annotated[str, typer.Option("--filter", help="Only what matches this filter pattern.")] = "",
    data_dir: _DataDir = DATA_DIR_DEFAULT,
    url: _Url = "",
    region: _Region = "us-east-1",
    account: _Account = "000000000000",
    as_json: _Json = False,
) -> None:
    """Show what a function has logged."""
    from pileus.calling import Refused, server_now
    from pileus.reading_logs import log_events, log_group_of, shown, since_ms
    from pileus.running import Unreachable

    caller = _caller(data_dir, url, account=account, region=region)
    try:
        begin_ms = since_ms(since, now=server_now(caller.url))
        if begin_ms is None:
            refuse(f"{since!r} is no time", hint="say 10m, 2h, 1d or 2026-03-05T10:00")
        group = log_group_of(caller, name)
        for event in log_events(caller, group, since=begin_ms, pattern=filter_pattern, follow=follow):
            if as_json:
                say_json(event._asdict())
            else:
                sys.stdout.write(shown(event) + "\n")
                sys.stdout.flush()
    except KeyboardInterrupt:
        raise SystemExit(0) from None
    except Refused as error:
        refuse(str(error))
    except Unreachable as error:
        refuse(f"no answer from {caller.url}: {error}")


@app.command()
def invoke(
    function: Annotated[str, typer.Argument(help="Its name or ARN.")],
    payload: Annotated[str, typer.Argument(help="JSON; @FILE reads a file, - the standard input.")] = "{}",
    *,
    qualifier: Annotated[str, typer.Option(help="A version or an alias.")] = "",
    event: Annotated[bool, typer.Option("--event", help="Hand it over and do not wait.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Show the end of its log, on stderr.")] = False,
    data_dir: _DataDir = DATA_DIR_DEFAULT,
    url: _Url = "",
    region: _Region = "us-east-1",
    account: _Account = "000000000000",
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
    caller = _caller(data_dir, url, account=account, region=region)
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


@app.command()
def version(*, as_json: _Json = False) -> None:
    """Print the version."""
    if as_json:
        say_json({"version": __version__})
    else:
        sys.stdout.write(f"pileus {__version__}\n")


@app.command()
def admin_token(*, data_dir: _DataDir = DATA_DIR_DEFAULT) -> None:
    """Print the token for admin requests.

    A strict server wants it for POST /_pileus/reset and /_pileus/clock, as "Authorization: Bearer TOKEN".
    """
    if not (data_dir / "secret").exists():
        refuse(f"{data_dir} holds no data of a Pileus")
    sys.stdout.write(_token(data_dir) + "\n")


def _organization(path: Path) -> "Organization":
    from pileus.organization import BadOrganization, read_organization

    try:
        return read_organization(path)
    except BadOrganization as error:
        refuse(str(error))


def _admin_token(running: "Running", data_dir: Path) -> str:
    return _token(data_dir) if running.auth == "strict" else ""


def _token(data_dir: Path) -> str:
    from pileus.admin import admin_token as derive
    from pileus.kernel.auth.server_secret import BadServerSecret, load_or_create_server_secret
    from pileus.kernel.ids import SystemIds

    try:
        return derive(load_or_create_server_secret(data_dir, ids=SystemIds()))
    except (OSError, BadServerSecret) as error:
        refuse(f"that server is strict, and its secret cannot be read: {error}")


def _root_key(data_dir: Path) -> tuple[str, str] | None:
    """The root's key pair of a strict server, for whoever may read its data directory."""
    from pileus.kernel.auth.root_credentials import BadRootCredentials, load_root_credentials
    from pileus.kernel.auth.server_secret import BadServerSecret, load_or_create_server_secret
    from pileus.kernel.ids import SystemIds

    ids = SystemIds()
    try:
        secret = load_or_create_server_secret(data_dir, ids=ids)
        root = load_root_credentials(data_dir, secret=secret, ids=ids)
    except (OSError, BadServerSecret, BadRootCredentials) as error:
        refuse(f"that server is strict, and its root's key cannot be read: {error}")
    return (root.access_key_id, root.secret_access_key) if root else None


def _caller(data_dir: Path, url: str, *, account: str, region: str) -> "Caller":
    """Who asks the server that runs: an account, or its root where it is strict; or whom the environment names."""
    from pileus.calling import Caller

    if len(account) != 12 or not account.isascii() or not account.isdigit():
        refuse(f"an account has 12 digits, and {account!r} has not")
    running = _running(data_dir, url)
    if running is None:
        exported = os.environ.get("AWS_ENDPOINT_URL")
        if exported is None:
            refuse(f"no Pileus runs on {data_dir}", hint="start it: pileus up, or name it: --url, --data-dir")
        # As `pileus env` exports it, in another folder: then its credentials are exported too.
        access_key_id = os.environ.get("AWS_ACCESS_KEY_ID", account)
        return Caller(exported.rstrip("/"), access_key_id, os.environ.get("AWS_SECRET_ACCESS_KEY", "pileus"), region)
    key = (_root_key(data_dir) if running.auth == "strict" else None) or (account, "pileus")
    return Caller(running.url, *key, region)


def _content(payload: str) -> bytes:
    try:
        if payload == "-":
            return sys.stdin.buffer.read()
        return Path(payload[1:]).read_bytes() if payload.startswith("@") else payload.encode()
    except OSError as error:
        refuse(f"the payload cannot be read: {error}")


def _running(data_dir: Path, url: str) -> "Running | None":
    from pileus.running import Running, find

    here = find(data_dir)
    if not url or (here is not None and here.url == url.rstrip("/")):
        return here
    # Elsewhere, or here under another name: its mode decides what it takes.
    return Running(url.rstrip("/"), 0, here.auth if here is not None else "open")


def _since(seconds: object) -> str:
    total = int(seconds) if isinstance(seconds, int | float) else 0
    hours, minutes = total // 3600, total % 3600 // 60
    return f"up {hours} h {minutes} min" if hours else f"up {minutes} min {total % 60} s"


def main() -> None:
    """The console script."""
    try:
        app()
    except BrokenPipeError:
        os._exit(141)  # whoever read our output has left; there is nobody to tell

"""How does one process start, serve and end? Signals, the loop, and errors of use told in one line."""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import uvloop

from pileus import __version__
from pileus.application import Application
from pileus.kernel.auth.root_credentials import BadRootCredentials
from pileus.kernel.auth.server_secret import BadServerSecret
from pileus.kernel.storage.seam import NewerData, StoreInUse
from pileus.ports import listener
from pileus.running import announce, is_pileus, withdraw
from pileus.settings import DATA_DIR_DEFAULT, Settings
from pileus.terminal import refuse, say_json

_log: Final = logging.getLogger("pileus")
_DEPLOY_ENDS_WITHIN_S: Final = 5.0


def serve(settings: Settings, *, deploy: Path | None = None, as_json: bool = False) -> int:
    """Serve until SIGINT or SIGTERM; gives the exit status.

    deploy: a Python script that is run once, in a process of its own, as soon as requests are answered.
    """
    logging.basicConfig(
        level=settings.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    settings = replace(settings, data_dir=settings.data_dir.resolve())
    _prepare(settings.data_dir)
    _allow_open_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, deploy=deploy, as_json=as_json))


def _prepare(data_dir: Path) -> None:
    """Make the data directory, readable by its owner alone: it holds everybody's data."""
    if data_dir.exists() and not data_dir.is_dir():
        refuse(f"{data_dir} is not a directory", hint="choose another with --data-dir")
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        refuse(f"cannot create the data directory {data_dir}: {error.strerror}")
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        refuse(f"cannot write to the data directory {data_dir}", hint="choose another with --data-dir")
    if not is_pileus(data_dir) and any(data_dir.iterdir()):
        refuse(f"{data_dir} holds files that are not Pileus's", hint="choose an empty or a new one with --data-dir")


def _allow_open_files() -> None:
    """Take what the system allows: each connection and each execution environment holds descriptors."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(settings: Settings, *, deploy: Path | None, as_json: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    application = Application(settings)
    try:
        port = await application.start()
    except StoreInUse as error:
        by = f" by process {error.pid}" if error.pid else ""
        refuse(f"the data directory {settings.data_dir} is in use{by}", hint="choose another with --data-dir")
    except (BadServerSecret, BadRootCredentials) as error:
        refuse(str(error))
    except NewerData as error:
        refuse(f"the data directory {settings.data_dir} was written by a newer Pileus: {error}")
    except OSError as error:
        await application.close()
        refuse(_why_no_port(settings, error))
    url = f"http://{_reachable(settings.host)}:{port}"
    announce(settings.data_dir, url=url, auth=settings.auth_mode)
    try:
        _greet(settings, url=url, as_json=as_json, root=application.new_root_credentials)
        key = application.root_credentials or ("000000000000", "pileus")
        deploying = asyncio.create_task(_deploy(deploy, url, key)) if deploy else None
        await stop.wait()
        if deploying is not None:
            deploying.cancel()
            await asyncio.gather(deploying, return_exceptions=True)
    finally:
        await application.close()
        withdraw(settings.data_dir)
    return 0


def _why_no_port(settings: Settings, error: OSError) -> str:
    if who := listener(settings.port):
        return f"port {settings.port} is taken by process {who.pid} ({who.command}); choose another with --port"
    return f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}"


def _reachable(host: str) -> str:
    """The host to put into a URL for this machine."""
    if host in {"0.0.0.0", ""}:  # noqa: S104 - only compared with
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def _greet(settings: Settings, *, url: str, as_json: bool, root: tuple[str, str] | None) -> None:
    """Say where it serves. root: credentials made at the first strict start; they are shown this once."""
    if as_json:
        ready: dict[str, object] = {"url": url, "pid": os.getpid(), "version": __version__, "auth": settings.auth_mode}
        if root:
            ready["root_access_key_id"], ready["root_secret_access_key"] = root
        say_json(ready)
        return
    lines = [
        f"Pileus {__version__} serves AWS at {url}",
        f"  data in {settings.data_dir.resolve()}, auth {settings.auth_mode}, durability {settings.durability}",
        f"  point your tools here:  {_env_command(settings)}",
        "  Ctrl-C stops it.",
    ]
    if root:
        lines += [
            "  Root credentials, made at this first start and shown this once (`pileus env` reads them here later):",
            f"    export AWS_ACCESS_KEY_ID={root[0]} AWS_SECRET_ACCESS_KEY={root[1]} AWS_DEFAULT_REGION=us-east-1",
        ]
    sys.stdout.write("\n".join(_coloured(lines)) + "\n")
    sys.stdout.flush()


def _env_command(settings: Settings) -> str:
    program = Path(sys.argv[0])
    name = str(program) if program.name == "pileus" else "pileus"
    with contextlib.suppress(ValueError):
        name = str(program.resolve().relative_to(Path.cwd())) if program.name == "pileus" else name
    option = "" if settings.data_dir == DATA_DIR_DEFAULT.resolve() else f" --data-dir {settings.data_dir}"
    return f'eval "$({name} env{option})"'


def _coloured(lines: Sequence[str]) -> Sequence[str]:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return lines
    return [f"\x1b[1;36m{lines[0]}\x1b[0m", *lines[1:]]


async def _deploy(script: Path, url: str, key: tuple[str, str]) -> None:
    """Run the script as any user's program would run: it knows the endpoint and a key, and nothing else of us.

    The user's own AWS variables stay out of it, so that it can only ever reach this Pileus.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": key[0],
        "AWS_SECRET_ACCESS_KEY": key[1],
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONUNBUFFERED": "1",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, str(script), env=environment)
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _DEPLOY_ENDS_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()
        raise
    if status:
        _log.error("%s ended with status %d; Pileus goes on serving", script, status)

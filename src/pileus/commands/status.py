"""`pileus status`: does one run, and where?"""

from pileus.commands.options import DataDir, Json, Url
from pileus.commands.reaching import running_at
from pileus.settings import DATA_DIR_DEFAULT
from pileus.terminal import console, say_json


def status(*, data_dir: DataDir = DATA_DIR_DEFAULT, url: Url = "", as_json: Json = False) -> None:
    """Say whether Pileus runs and where.

    Exit status 1 when it does not.
    """
    from pileus.running import Declined, Unreachable, ask

    running = running_at(data_dir, url)
    try:
        health = ask(running.url, "/_pileus/health") if running else None
    except (Declined, Unreachable):
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


def _since(seconds: object) -> str:
    total = int(seconds) if isinstance(seconds, int | float) else 0
    hours, minutes = total // 3600, total % 3600 // 60
    return f"up {hours} h {minutes} min" if hours else f"up {minutes} min {total % 60} s"

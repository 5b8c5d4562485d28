"""`pileus doctor`: what does this host offer?"""

from pileus.commands.options import Json
from pileus.terminal import console, say_json


def doctor(*, as_json: Json = False) -> None:
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

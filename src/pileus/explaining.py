"""Why was a request allowed, or denied? What `pileus explain` says, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

Decision = Mapping[str, object]
"""As `/_pileus/decisions` tells it."""

LATEST_SHOWN: Final = 10
"""Denials, when no request is named."""


def decisions_about(url: str, request_id: str, *, token: str) -> Sequence[Decision]:
    """Those of one request, in the order in which they were taken. Raises Unreachable."""
    return _asked(url, f"request_id={quote(request_id, safe='')}", token=token)


def latest_denials(url: str, *, token: str) -> Sequence[Decision]:
    """The latest, in the order in which they happened. Raises Unreachable."""
    return _asked(url, f"allowed=false&limit={LATEST_SHOWN}", token=token)


def _asked(url: str, query: str, *, token: str) -> Sequence[Decision]:
    from pileus.running import ask

    found = ask(url, f"/_pileus/decisions?{query}", token=token)["decisions"]
    assert isinstance(found, list)
    return list(reversed(found))


def explained(decision: Decision) -> Iterator[str]:
    """Lines for a person."""
    yield f"{'allowed' if decision['allowed'] else 'DENIED'}  {decision['action']}  on  {decision['resource']}"
    yield f"  principal  {decision['principal'] or 'nobody'}"
    yield f"  request    {decision['request_id']}"
    source = f", from {decision['source_ip']}" if decision["source_ip"] else ""
    yield f"  at         {decision['at']}, region {decision['region']}{source}"
    yield f"  because    {_because(decision)}"
    for near in _texts(decision, "near_misses"):
        yield f"  near miss  {near}"
    if missing := _texts(decision, "missing_context"):
        yield f"  absent     {', '.join(missing)} (asked for by conditions, not in the request)"


def _because(decision: Decision) -> str:
    kind, statement, policy = decision["kind"], decision["statement"], decision["policy"]
    if reason := decision.get("reason"):
        return str(reason)
    if statement is not None:
        verb = "allows it" if decision["allowed"] else "explicitly denies it"
        return f"statement {statement} of {kind} {policy} {verb}"
    if decision["allowed"]:
        return "no policy is needed"
    return f"no {kind} allows {decision['action']}"


def _texts(decision: Decision, name: str) -> list[str]:
    found = decision.get(name)
    return [str(each) for each in found] if isinstance(found, list) else []

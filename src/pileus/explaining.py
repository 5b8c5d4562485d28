"""Why was a request allowed, or denied? What `pileus explain` says, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

Decision = Mapping[str, object]
"""As `/_pileus/decisions` tells it."""

LATEST_SHOWN: Final = 10
"""When no request is named, and no number."""
LIMIT_MAX: Final = 1_000
"""As `/_pileus/decisions` has it."""


def decisions_found(url: str, wish: Mapping[str, str], *, token: str) -> Sequence[Decision]:
    """The latest that fit the filters of `/_pileus/decisions`, in the order they were taken.

    Unreachable, Declined.
    """
    from pileus.running import ask

    found = ask(url, f"/_pileus/decisions?{urlencode(wish)}", token=token)["decisions"]
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

"""Why was a request allowed, or denied? What `pileus explain` says, in words."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

Decision = Mapping[str, object]
"""As `/_pileus/decisions` tells it."""


def decisions_about(url: str, request_id: str, *, token: str) -> Sequence[Decision]:
    """Those of one request, in the order in which they were taken. Raises Unreachable."""
    from pileus.running import ask

    answer = ask(url, f"/_pileus/decisions?request_id={quote(request_id, safe='')}", token=token)
    found = answer["decisions"]
    assert isinstance(found, list)
    return list(reversed(found))


def explained(decision: Decision) -> Iterator[str]:
    """Lines for a person."""
    yield f"{'allowed' if decision['allowed'] else 'DENIED'}  {decision['action']}  on  {decision['resource']}"
    yield f"  principal  {decision['principal']}"
    yield f"  at         {decision['at']}, region {decision['region']}, from {decision['source_ip']}"
    yield f"  because    {_because(decision)}"
    missing = decision["missing_context"]
    if missing and isinstance(missing, list):
        yield f"  absent     {', '.join(map(str, missing))} (asked for by conditions, not in the request)"


def _because(decision: Decision) -> str:
    kind, statement, policy = decision["kind"], decision["statement"], decision["policy"]
    if statement is not None:
        verb = "allows it" if decision["allowed"] else "explicitly denies it"
        return f"statement {statement} of {kind} {policy} {verb}"
    if decision["allowed"]:
        return "no policy is needed"
    return f"no {kind} allows {decision['action']}"

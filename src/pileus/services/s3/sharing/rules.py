"""Which rule of a bucket lets a page of another origin do what it asks for, and what is the page told then?

The first rule that knows the origin, the method and every header decides. One `*` stands for any characters.

Sources: S3 User Guide, "Using cross-origin resource sharing (CORS)"; recordings s3/s3_cors.
"""

from collections.abc import Sequence
from typing import Final

from pileus.kernel.http.messages import Headers
from pileus.services.s3.shapes import CORSRule

VARY: Final = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


def rule_for(rules: Sequence[CORSRule], *, origin: str, method: str, headers: Sequence[str]) -> CORSRule | None:
    """The first rule that allows it. headers: that the page wants to send, in lower case."""
    for rule in rules:
        if (
            method in rule.allowed_methods
            and any(_like(origin, allowed) for allowed in rule.allowed_origins)
            and all(any(_like(name, own.lower()) for own in rule.allowed_headers or ()) for name in headers)
        ):
            return rule
    return None


def told(rule: CORSRule, *, origin: str, headers: Sequence[str]) -> Headers:
    """What the page's browser is told of the rule. headers: as for `rule_for`; those that were asked for."""
    # Whoever allows everybody lets nobody send credentials (Fetch standard, "CORS protocol and credentials").
    anybody = next((allowed for allowed in rule.allowed_origins if _like(origin, allowed)), "") == "*"
    answer = [("Access-Control-Allow-Origin", "*" if anybody else origin)]
    answer.append(("Access-Control-Allow-Methods", ", ".join(rule.allowed_methods)))
    if headers:
        answer.append(("Access-Control-Allow-Headers", ", ".join(headers)))
    if rule.expose_headers:
        answer.append(("Access-Control-Expose-Headers", ", ".join(rule.expose_headers)))
    if rule.max_age_seconds is not None:
        answer.append(("Access-Control-Max-Age", str(rule.max_age_seconds)))
    if not anybody:
        answer.append(("Access-Control-Allow-Credentials", "true"))
    answer.append(("Vary", VARY))
    return answer


def asked_headers(text: str) -> Sequence[str]:
    """The names in `Access-Control-Request-Headers`, with blanks or without (test_cors_match_headers)."""
    return [name.strip().lower() for name in text.split(",") if name.strip()]


def _like(text: str, pattern: str) -> bool:
    before, star, after = pattern.partition("*")
    if not star:
        return text == pattern
    return len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)

"""Where do a website's rules lead whoever asks for a page?

The first rule whose conditions hold decides. A rule about an error is looked at when there is one, the others before
the page is looked for.

Sources: S3 User Guide, "Configuring a webpage redirect"; recordings and tests of s3/s3, TestS3StaticWebsiteHosting.
"""

from collections.abc import Sequence
from typing import Final

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.http.messages import Response
from pileus.services.s3.shapes import Condition, Redirect, RedirectAllRequestsTo, RoutingRule
from pileus.services.s3.website.addresses import Visit

_ALWAYS: Final = Condition()
_MOVED: Final = 301


def everything_led(to: RedirectAllRequestsTo, visit: Visit) -> Response:
    """The answer of a website that is somewhere else."""
    return led(visit.url(visit.key, scheme=to.protocol or "", host=to.host_name))


def rule_for(rules: Sequence[RoutingRule], key: str, *, status: int | None = None) -> RoutingRule | None:
    """The first rule that holds. status: of the error; None before there may be one."""
    for rule in rules:
        condition = rule.condition or _ALWAYS
        about = None if status is None else str(status)
        if condition.http_error_code_returned_equals == about and key.startswith(condition.key_prefix_equals or ""):
            return rule
    return None


def by_rule(rule: RoutingRule, visit: Visit) -> Response:
    """The answer of a rule."""
    redirect = rule.redirect
    url = visit.url(_new_key(rule, visit.key), scheme=redirect.protocol or "", host=redirect.host_name or "")
    return led(url, _status(redirect))


def led(location: str, status: int = _MOVED) -> Response:
    """The answer that leads to another place, without a page."""
    return Response(status, (("Location", location),))


def by_object(location: str, visit: Visit) -> Response:
    """The answer of an object that says where its page is: a path of this website, or a URL."""
    return led(visit.base.rstrip("/") + location if location.startswith("/") else location)


def found_as_folder() -> AnyServiceError:
    """What the page says that is sent with the way to a folder."""
    return AnyServiceError("Found", "Resource Found", status=302)


def _new_key(rule: RoutingRule, key: str) -> str:
    redirect = rule.redirect
    if redirect.replace_key_with is not None:
        return redirect.replace_key_with
    if redirect.replace_key_prefix_with is not None:
        prefix = (rule.condition or _ALWAYS).key_prefix_equals or ""
        return redirect.replace_key_prefix_with + key[len(prefix) :]
    return key


def _status(redirect: Redirect) -> int:
    return int(redirect.http_redirect_code) if redirect.http_redirect_code else _MOVED

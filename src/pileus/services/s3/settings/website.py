"""Which website configurations does S3 take?

Source: S3 User Guide, "Configuring webpage redirects"; recording s3/s3, test_validate_website_configuration. The texts
about codes and the number of rules are AWS's as its users have reported them.
"""

import re
from typing import Final

from pileus.services.s3.errors import InvalidArgument, InvalidRequest, MalformedXML
from pileus.services.s3.shapes import Redirect, RoutingRule, WebsiteConfiguration

RULES_MAX: Final = 50
_PROTOCOLS: Final = frozenset({None, "http", "https"})
_REDIRECT_CODE: Final = re.compile(r"3(?!00)[0-9]{2}", re.ASCII)
_ERROR_CODE: Final = re.compile(r"[45][0-9]{2}", re.ASCII)


def check_website(asked: WebsiteConfiguration) -> None:
    """Or InvalidArgument, InvalidRequest, MalformedXML."""
    everything = asked.redirect_all_requests_to
    if everything is not None:
        if asked.index_document or asked.error_document or asked.routing_rules:
            raise InvalidArgument(
                "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
                name="RedirectAllRequestsTo",
                value="not null",
            )
        _check_protocol(everything.protocol)
        return
    if asked.index_document is None:
        raise InvalidArgument(
            "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
            name="IndexDocument",
            value="null",
        )
    suffix = asked.index_document.suffix
    if not suffix or "/" in suffix:
        raise InvalidArgument("The IndexDocument Suffix is not well formed", name="IndexDocument", value=suffix)
    if asked.routing_rules is not None:
        _check_rules(asked.routing_rules)


def _check_rules(rules: list[RoutingRule]) -> None:
    if not rules:
        raise MalformedXML
    if len(rules) > RULES_MAX:
        raise InvalidRequest(
            f"{len(rules)} routing rules provided, the number of routing rules in a website configuration is limited "
            f"to {RULES_MAX}."
        )
    for rule in rules:
        condition = rule.condition
        if condition is not None:
            code = condition.http_error_code_returned_equals
            if not code and not condition.key_prefix_equals:
                raise InvalidRequest(
                    "Condition cannot be empty. To redirect all requests without a condition, the condition element "
                    "shouldn't be present."
                )
            if code and not _ERROR_CODE.fullmatch(code):
                raise InvalidRequest(f"The provided HTTP error code ({code}) is not valid. Valid codes are 4XX or 5XX.")
        _check_redirect(rule.redirect)


def _check_redirect(redirect: Redirect) -> None:
    if redirect == Redirect():
        raise MalformedXML
    _check_protocol(redirect.protocol)
    if redirect.replace_key_prefix_with is not None and redirect.replace_key_with is not None:
        raise InvalidRequest("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
    code = redirect.http_redirect_code
    if code is not None and not _REDIRECT_CODE.fullmatch(code):
        raise InvalidRequest(f"The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300.")


def _check_protocol(protocol: str | None) -> None:
    if protocol not in _PROTOCOLS:
        raise InvalidRequest(
            "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected "
            "automatically."
        )

"""Which CORS configurations does S3 take?

Source: S3 User Guide, "Elements of a CORS configuration"; recording s3/s3_cors, test_put_cors_invalid_rules. The other
texts are AWS's as its users have reported them.
"""

from typing import Final

from pileus.services.s3.errors import InvalidRequest, MalformedXML
from pileus.services.s3.shapes import CORSConfiguration, CORSRule

RULES_MAX: Final = 100
_METHODS: Final = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD"})
_ID_CHARACTERS_MAX: Final = 255


def check_cors(asked: CORSConfiguration) -> None:
    """Or MalformedXML, InvalidRequest."""
    if not asked.cors_rules:
        raise MalformedXML
    if len(asked.cors_rules) > RULES_MAX:
        raise InvalidRequest(f"The number of CORS rules should not exceed allowed limit of {RULES_MAX} rules.")
    for rule in asked.cors_rules:
        _check_rule(rule)


def _check_rule(rule: CORSRule) -> None:
    if not rule.allowed_methods or not rule.allowed_origins:
        raise MalformedXML
    if rule.id is not None and len(rule.id) > _ID_CHARACTERS_MAX:
        raise InvalidRequest(f"The ID length should not exceed allowed limit of {_ID_CHARACTERS_MAX}")
    for method in rule.allowed_methods:
        if method not in _METHODS:
            raise InvalidRequest(f"Found unsupported HTTP method in CORS config. Unsupported method is {method}")
    for name, values in (("AllowedOrigin", rule.allowed_origins), ("AllowedHeader", rule.allowed_headers or ())):
        for value in values:
            if value.count("*") > 1:
                raise InvalidRequest(f'{name} "{value}" can not have more than one wildcard.')
    for header in rule.expose_headers or ():
        if "*" in header:
            raise InvalidRequest(
                f'ExposeHeader "{header}" contains wildcard. We currently do not support wildcard for ExposeHeader.'
            )

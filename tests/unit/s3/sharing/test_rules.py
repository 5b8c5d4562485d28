"""Which rule of a bucket lets a page in?"""

import pytest

from pileus.services.s3.shapes import CORSRule
from pileus.services.s3.sharing.rules import asked_headers, rule_for, told


def rule(origins: list[str], headers: list[str] | None = None) -> CORSRule:
    return CORSRule(allowed_methods=["GET"], allowed_origins=origins, allowed_headers=headers)


@pytest.mark.parametrize(
    ("allowed", "origin", "matches"),
    [
        ("*", "https://a", True),
        ("https://a", "https://a", True),
        ("https://a", "https://a:443", False),
        ("https://*.a", "https://b.a", True),
        ("https://*.a", "https://.a", True),
        ("https://*.a", "https://a", False),
        ("https://*", "http://a", False),
        ("ab*ba", "aba", False),
    ],
)
def test_origins(allowed: str, origin: str, matches: bool) -> None:
    """A star stands for any characters, none included; its two sides do not overlap."""
    assert (rule_for([rule([allowed])], origin=origin, method="GET", headers=[]) is not None) is matches


def test_the_first_rule_that_allows_all_decides() -> None:
    """S3 User Guide: rules are looked at in their order, each by all that is asked."""
    narrow, wide = rule(["https://a"]), rule(["*"], ["x-*"])
    assert rule_for([narrow, wide], origin="https://a", method="GET", headers=[]) is narrow
    assert rule_for([narrow, wide], origin="https://a", method="GET", headers=["x-b"]) is wide
    assert rule_for([narrow, wide], origin="https://a", method="GET", headers=["y"]) is None
    assert rule_for([narrow, wide], origin="https://a", method="HEAD", headers=[]) is None


def test_names_of_headers() -> None:
    """As browsers list them."""
    assert asked_headers(" X-A,x-b ,, ") == ["x-a", "x-b"]


def test_credentials_are_for_who_is_named() -> None:
    """The Fetch standard has no credentials for `*`."""
    assert ("Access-Control-Allow-Credentials", "true") in told(rule(["https://a"]), origin="https://a", headers=[])
    assert ("Access-Control-Allow-Origin", "*") in told(rule(["*"]), origin="https://a", headers=[])

"""How does AWS say that a filter policy is none?

The words are those of the JSON parser and of the rule compiler that SNS uses, with the place where each of them stood.
The policy itself is no longer quoted there since SNS runs a newer parser: recording sns
`test_subscribe_invalid_filter_policy` (2026) against those of sns_filter_policy (2024).
"""

from typing import NamedTuple


class FilterPolicyRefused(Exception):
    """A text is no filter policy. reason: what AWS says behind "Invalid parameter: ".

    `Subscribe` puts "Attributes Reason: " between the two, `SetSubscriptionAttributes` nothing.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Place(NamedTuple):
    """Where the parser stood: behind what it read last. Both count from one."""

    line: int
    column: int

    def __str__(self) -> str:
        source = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
        return f"[Source: {source}; line: {self.line}, column: {self.column}]"


def place_in(text: str, offset: int) -> Place:
    """Behind so many characters."""
    before = text[:offset]
    return Place(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def refused(reason: str, place: Place | None = None) -> FilterPolicyRefused:
    """Of the rules in a policy. place: where AWS gives one."""
    return FilterPolicyRefused(f"FilterPolicy: {reason}" + (f"\n at {place}" if place is not None else ""))


def not_json(reason: str, place: Place) -> FilterPolicyRefused:
    """Of a text that is no JSON."""
    return refused(f"failed to parse JSON. {reason}", place)

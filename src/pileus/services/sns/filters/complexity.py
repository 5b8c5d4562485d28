"""How much may a filter policy ask for?

- Five keys, of which only the outermost count.
- 150 combinations: of each alternative (`$or` multiplies out) the product of what each of its fields is worth, summed
  over the alternatives. A field is worth its entries times the names on the way to it.
- 256 KB.

Sources: SNS Developer Guide, "Filter policy constraints in Amazon SNS" and "OR operator", whose sums these are;
recordings sns_filter_policy, `test_policy_complexity`, `test_policy_complexity_with_or`.
"""

from typing import Final

from pileus.kernel.event_patterns import are_alternatives
from pileus.services.sns.filters.reading import JsonValue, PolicyObject
from pileus.services.sns.filters.refusing import FilterPolicyRefused, refused

COMBINATIONS_MAX: Final = 150
KEYS_MAX: Final = 5
POLICY_BYTES_MAX: Final = 256 * 1024


def check_size(text: str) -> None:
    """Or FilterPolicyRefused, whose words are ours: AWS documents the limit, not the answer."""
    if len(text.encode("utf-8", "surrogatepass")) > POLICY_BYTES_MAX:
        raise refused(f"Filter policy can not be larger than {POLICY_BYTES_MAX} bytes")


def check_complexity(policy: PolicyObject, *, nested: bool) -> None:
    """Or FilterPolicyRefused. nested: whether fields may lie within others, which those of attributes may not."""
    if not nested and _has_nested(policy):
        raise FilterPolicyRefused("Filter policy scope MessageAttributes does not support nested filter policy")
    if len(policy) > KEYS_MAX:
        raise refused(f"Filter policy can not have more than {KEYS_MAX} keys")
    if _combinations(policy, 1) > COMBINATIONS_MAX:
        raise refused("Filter policy is too complex")


def _alternatives_of(name: str, value: JsonValue) -> list[PolicyObject]:
    """The objects of `$or`; nothing where it is a name like any other."""
    if name != "$or" or not are_alternatives(value):
        return []
    assert isinstance(value, list)
    return [each for each in value if isinstance(each, dict)]


def _has_nested(policy: PolicyObject) -> bool:
    for name, value in policy.items():
        if isinstance(value, dict) or any(_has_nested(each) for each in _alternatives_of(name, value)):
            return True
    return False


def _combinations(policy: PolicyObject, depth: int) -> int:
    """A sum of products is a product of sums: alternatives add up, what stands beside each other multiplies."""
    product = 1
    for name, value in policy.items():
        alternatives = _alternatives_of(name, value)
        if alternatives:
            product *= sum(_combinations(each, depth) for each in alternatives)
        elif isinstance(value, dict):
            product *= _combinations(value, depth + 1)
        else:
            assert isinstance(value, list)
            product *= len(value) * depth
    return product

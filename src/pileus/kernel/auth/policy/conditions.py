"""Do a statement's conditions hold for a request?

All operators and all keys of a statement must hold (AND). The values of one key are alternatives (OR); under a negated
operator none of them may match (NOR). A key that the request lacks makes an operator false and a negated one true,
with IfExists always true. Under ForAllValues every value of the request must fit, and no value at all fits; under
ForAnyValue one must, so no value at all does not; an empty text counts as no value there.

An unresolved variable: "this might cause the entire statement to be invalid". Under a negated operator that would open
what a Deny closes, so there we take the stricter reading of both: an Allow does not apply, a Deny does.

Sources: IAM User Guide, "Condition operators", "Conditions with multiple context keys or values", "Single-valued vs.
multivalued context keys", "Variables and tags".
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pileus.kernel.auth.policy.arns import arn_matcher
from pileus.kernel.auth.policy.globs import Matcher, is_literal, literal_prefix, matcher
from pileus.kernel.auth.policy.operators import FOR_ALL, NULL, Qualified, read_operator
from pileus.kernel.auth.policy.types import ContextValue
from pileus.kernel.auth.policy.values import boolean
from pileus.kernel.auth.policy.variables import Template, pattern_of

Conditions = Mapping[str, ContextValue]
Said = tuple[str, str, tuple[str, ...]]
"""A condition as the policy has it: operator, key, values."""
_MATCHERS: Final = {"text": matcher, "ignore_case": matcher, "like": matcher, "arn": arn_matcher}


class Condition:
    """One operator with one key."""

    __slots__ = (
        "_alternatives",
        "_folds",
        "_if_exists",
        "_key",
        "_literals",
        "_negated",
        "_plain",
        "_prefixes",
        "_set",
        "_templates",
        "keys",
        "said",
    )

    def __init__(self, qualified: Qualified, key: str, values: Sequence[str], *, variables: bool, said: Said) -> None:
        operator = qualified.operator
        self.said = said
        self._key = key.lower()
        self._set = qualified.set_operator
        self._if_exists = qualified.if_exists
        self._negated = operator.negated
        self._folds = operator.form == "ignore_case"
        literals, prefixes = set[str](), list[str]()
        alternatives, templates = list[Matcher](), list[tuple[Template, str]]()
        for value in values:
            if operator.build is not None:
                alternatives.append(operator.build(value))
                continue
            wildcards = operator.form in ("like", "arn")
            pattern = pattern_of(value, variables=variables, wildcards=wildcards)
            if isinstance(pattern, Template):
                templates.append((pattern, operator.form))
            elif is_literal(pattern):
                literals.add(pattern.lower() if self._folds else pattern)
            elif operator.form == "like" and (prefix := literal_prefix(pattern)) is not None:
                prefixes.append(prefix)
            else:
                alternatives.append(_MATCHERS[operator.form](pattern))
        self._literals = frozenset(literals)
        self._prefixes = tuple(prefixes)
        self._alternatives = tuple(alternatives)
        self._templates = tuple(templates)
        self._plain = not (self._set or self._folds or templates)
        """Whether the most common way to ask will do."""
        self.keys = frozenset({self._key}.union(*(template.keys for template, _ in templates)))

    @property
    def wanted(self) -> tuple[frozenset[str], tuple[str, ...]] | None:
        """What the key's one value must be, or begin with; None where that is not all there is to it."""
        all_of_it = self._plain and not (self._negated or self._if_exists or self._alternatives)
        return (self._literals, self._prefixes) if all_of_it else None

    def holds(self, conditions: Conditions, *, unresolved_holds: bool) -> bool:
        """unresolved_holds: what a negated operator says of a variable without a value."""
        found = conditions.get(self._key)
        if self._plain and found.__class__ is str:  # `_fits` written out: most of a decision's time is spent here
            if found in self._literals or (self._prefixes and found.startswith(self._prefixes)):
                return not self._negated
            for fits in self._alternatives:
                if fits(found):
                    return not self._negated
            return self._negated
        if found is None or (not found and found != ""):
            return self._if_exists or (self._set == FOR_ALL if self._set else self._negated)
        alternatives = self._alternatives
        if self._templates:
            resolved, complete = self._resolved(conditions)
            if self._negated and not complete:
                return unresolved_holds
            alternatives += resolved
        if self._set:
            requested = (found,) if isinstance(found, str) else found
            tried = [self._fits(value, alternatives) is not self._negated for value in requested if value]
            return all(tried) if self._set == FOR_ALL else any(tried)
        if isinstance(found, str):
            return self._fits(found, alternatives) is not self._negated
        return any(self._fits(value, alternatives) for value in found) is not self._negated

    def _fits(self, value: str, alternatives: tuple[Matcher, ...]) -> bool:
        if self._folds:
            value = value.lower()
        if value in self._literals or (self._prefixes and value.startswith(self._prefixes)):
            return True
        for fits in alternatives:  # noqa: SIM110 - half the time of any(), and decisions spend theirs here
            if fits(value):
                return True
        return False

    def _resolved(self, conditions: Conditions) -> tuple[tuple[Matcher, ...], bool]:
        """The alternatives with variables, and whether every one had its values."""
        filled = [(template.fill(conditions), form) for template, form in self._templates]
        patterns = [
            (pattern.lower() if self._folds else pattern, form) for pattern, form in filled if pattern is not None
        ]
        return tuple(_MATCHERS[form](pattern) for pattern, form in patterns), len(patterns) == len(filled)


class NullCondition:
    """Whether a key is absent (`true`) or there (`false`); a key without values is absent."""

    __slots__ = ("_key", "_wanted", "keys", "said")

    def __init__(self, key: str, values: Sequence[str], *, said: Said) -> None:
        self.said = said
        self._key = key.lower()
        self._wanted = frozenset(boolean(value) for value in values)
        self.keys = frozenset({self._key})

    @property
    def wanted(self) -> None:
        """As of `Condition`: it is not about a value."""
        return

    def holds(self, conditions: Conditions, *, unresolved_holds: bool) -> bool:
        found = conditions.get(self._key)
        return (found is None or (not found and found != "")) in self._wanted


AnyCondition = Condition | NullCondition


def compile_condition(name: str, key: str, values: Sequence[str], *, variables: bool) -> AnyCondition:
    """One operator with one key, ready to ask."""
    qualified = read_operator(name)
    assert qualified is not None, "the document was parsed"
    said = name, key, tuple(values)
    if qualified.operator is NULL:
        return NullCondition(key, values, said=said)
    return Condition(qualified, key, values, variables=variables, said=said)

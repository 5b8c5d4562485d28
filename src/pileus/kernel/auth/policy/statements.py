"""How does a policy look when it is to be decided quickly?

A document is compiled once and remembered by its text. Which of its statements speak of an action is found once per
action and remembered too, so that a decision only looks at statements that can matter; of their resources the common
forms (everything, a literal, a literal and `*`) cost one comparison.
"""

from functools import lru_cache
from typing import Final

from pileus.kernel.auth.policy.arns import resource_matcher
from pileus.kernel.auth.policy.conditions import AnyCondition, Conditions, compile_condition
from pileus.kernel.auth.policy.documents import Listed, Statement, parse_document
from pileus.kernel.auth.policy.globs import Matcher, is_literal, literal_prefix, literal_suffix, matcher, wild
from pileus.kernel.auth.policy.principals import PrincipalMatcher
from pileus.kernel.auth.policy.variables import Template, pattern_of

_POLICIES_MAX: Final = 1024
_ACTIONS_MAX: Final = 512


class Resources:
    """A statement's Resource or NotResource."""

    __slots__ = ("_everything", "_templates", "fixed", "keys", "literals", "negated", "others", "prefixes")

    def __init__(self, listed: Listed, *, variables: bool) -> None:
        literals, prefixes, others, templates = set[str](), list[str](), list[tuple[str, Matcher]](), list[Template]()
        for text in listed.values:
            pattern = pattern_of(text, variables=variables, wildcards=True, first_at=_after_fifth_colon(text))
            if isinstance(pattern, Template):
                templates.append(pattern)
            elif is_literal(pattern):
                literals.add(pattern)
            elif (prefix := literal_prefix(pattern)) is not None:
                prefixes.append(prefix)
            else:
                others.append((literal_suffix(pattern), resource_matcher(pattern)))
        self._everything = "" in prefixes
        self.literals = frozenset(literals)
        self.prefixes = tuple(prefixes)
        self.others = tuple(others)
        """What the covered must end with, and what tells the rest."""
        self._templates = tuple(templates)
        self.negated = listed.negated
        self.fixed = not (templates or listed.negated)
        """Whether `literals`, `prefixes` and `others` are all of it."""
        self.keys = frozenset[str]().union(*(template.keys for template in templates))

    def cover(self, resource: str, conditions: Conditions, *, unresolved_covers: bool) -> bool:
        """unresolved_covers: what NotResource says when one of its variables has no value."""
        if self._everything:
            return not self.negated
        found = resource in self.literals or resource.startswith(self.prefixes)
        if not found:
            for _, matches in self.others:
                if matches(resource):
                    found = True
                    break
        if not found and self._templates:
            filled = [template.fill(conditions) for template in self._templates]
            if self.negated and None in filled:
                return unresolved_covers
            found = any(pattern is not None and resource_matcher(pattern)(resource) for pattern in filled)
        return found is not self.negated


def _after_fifth_colon(arn: str) -> int:
    """Where variables may begin ("Variables and tags", "Resource element"); of what is no ARN, nowhere."""
    parts = arn.split(":", 5)
    return len(arn) - len(parts[5]) if len(parts) == 6 else len(arn)


class CompiledStatement:
    """A statement that speaks of the action asked for."""

    __slots__ = ("_actions", "_conditions", "_keys", "_not_actions", "deny", "name", "principal", "resources")

    def __init__(self, statement: Statement, index: int, *, variables: bool) -> None:
        self.name = statement.sid or str(index + 1)
        self.deny = statement.effect.lower() == "deny"
        self.principal = PrincipalMatcher(statement.principal) if statement.principal else None
        actions = statement.action or Listed((), negated=False)
        self._actions = tuple(matcher(wild(text.lower())) for text in actions.values)
        self._not_actions = actions.negated
        self.resources = Resources(statement.resource, variables=variables) if statement.resource else None
        self._conditions: tuple[AnyCondition, ...] = tuple(
            compile_condition(operator, key, values, variables=variables)
            for operator, key, values in statement.condition
        )
        resource_keys = self.resources.keys if self.resources else frozenset[str]()
        self._keys = tuple(resource_keys.union(*(condition.keys for condition in self._conditions)))

    @property
    def unconditional(self) -> bool:
        return not self._conditions

    @property
    def demand(self) -> tuple[str, frozenset[str], tuple[str, ...]] | None:
        """The only key that its conditions ask for, and what its one value must be or begin with, if one says so."""
        wanted = next((wanted for condition in self._conditions if (wanted := condition.wanted) is not None), None)
        return None if wanted is None or len(self._keys) != 1 else (self._keys[0], *wanted)

    def speaks_of(self, action: str) -> bool:
        """action: in lower case; action names are not case-sensitive."""
        return any(matches(action) for matches in self._actions) is not self._not_actions

    def applies(self, resource: str, conditions: Conditions, missing: set[str]) -> bool:
        """Whether resource and conditions fit; adds to `missing` the keys that were asked for in vain.

        A statement without a Resource element (a trust policy's) is about the resource it is attached to.
        """
        resources, deny = self.resources, self.deny
        if resources is None or (resources.fixed and resource.startswith(resources.prefixes)):
            pass  # the most common way to be covered
        elif not resources.cover(resource, conditions, unresolved_covers=deny):
            if resources.keys:
                missing.update(key for key in resources.keys if key not in conditions)
            return False
        for key in self._keys:
            if key not in conditions:
                missing.add(key)
        for condition in self._conditions:  # noqa: SIM110 - all() costs twice, here where decisions spend their time
            if not condition.holds(conditions, unresolved_holds=deny):
                return False
        return True

    def failed_condition(self, resource: str, conditions: Conditions) -> AnyCondition | None:
        """The first that does not hold, of a statement that covers the resource; None for every other."""
        resources, deny = self.resources, self.deny
        if resources is not None and not resources.cover(resource, conditions, unresolved_covers=deny):
            return None
        return next(
            (condition for condition in self._conditions if not condition.holds(conditions, unresolved_holds=deny)),
            None,
        )


class Demanding:
    """Statements that want something of one and the same condition key, and ask for no other.

    Where none of them covers the resource, or can be content with the key's value, none is asked. They would have told
    nothing: a key that is there is not missing, and it was asked for only because one of them covers the resource.
    """

    __slots__ = ("_key", "_literals", "_prefixes", "_resource_literals", "_resource_prefixes", "_statements")

    def __init__(self, key: str, statements: list[CompiledStatement]) -> None:
        demands = [statement.demand for statement in statements]
        resources = [statement.resources for statement in statements]
        self._key = key
        self._literals = frozenset[str]().union(*(demand[1] for demand in demands if demand is not None))
        self._prefixes = tuple({prefix for demand in demands if demand is not None for prefix in demand[2]})
        self._resource_literals = frozenset[str]().union(*(each.literals for each in resources if each is not None))
        self._resource_prefixes = tuple({prefix for each in resources if each is not None for prefix in each.prefixes})
        self._statements = tuple(statements)

    def first(self, resource: str, conditions: Conditions, missing: set[str]) -> CompiledStatement | None:
        if not resource.startswith(self._resource_prefixes) and resource not in self._resource_literals:
            return None
        found = conditions.get(self._key)
        if found.__class__ is str and found not in self._literals and not found.startswith(self._prefixes):
            return None
        for statement in self._statements:
            if statement.applies(resource, conditions, missing):
                return statement
        return None


class Group:
    """The Allows, or the Denies, that a policy has for one action.

    Of those without conditions, one look into a dictionary and one at all prefixes together tell whether any of them
    covers a resource, and one at all suffixes whether any other pattern can. Those that want something of one condition
    key are asked if its value can be what any of them wants; the rest is asked one by one.
    """

    __slots__ = ("_demanding", "_literals", "_prefixed", "_prefixes", "_rest", "_suffixes", "_wild", "statements")

    def __init__(self, statements: tuple[CompiledStatement, ...]) -> None:
        self.statements = statements
        self._literals: dict[str, CompiledStatement] = {}
        prefixed, rest = list[tuple[str, CompiledStatement]](), list[CompiledStatement]()
        unprefixed = list[tuple[str, Matcher, CompiledStatement]]()
        demanding: dict[str, list[CompiledStatement]] = {}
        for statement in statements:
            resources = statement.resources
            if resources is not None and resources.fixed and statement.unconditional:
                prefixed.extend((prefix, statement) for prefix in resources.prefixes)
                unprefixed.extend((suffix, matches, statement) for suffix, matches in resources.others)
                for literal in resources.literals:
                    self._literals.setdefault(literal, statement)
            elif resources is not None and resources.fixed and not resources.others and statement.demand is not None:
                demanding.setdefault(statement.demand[0], []).append(statement)
            else:
                rest.append(statement)
        self._demanding = tuple(Demanding(key, alike) for key, alike in demanding.items() if len(alike) > 1)
        rest.extend(alike[0] for alike in demanding.values() if len(alike) == 1)
        self._prefixed = tuple(prefixed)
        self._prefixes = tuple(prefix for prefix, _ in prefixed)
        self._wild = tuple((matches, statement) for _, matches, statement in unprefixed)
        self._suffixes = tuple({suffix for suffix, _, _ in unprefixed})
        self._rest = tuple(rest)

    def first(self, resource: str, conditions: Conditions, missing: set[str]) -> CompiledStatement | None:
        """A statement that applies, whomever it names; `missing` as in `applies`."""
        literal = self._literals.get(resource)
        if literal is not None:
            return literal
        if resource.startswith(self._prefixes):
            return next(statement for prefix, statement in self._prefixed if resource.startswith(prefix))
        if resource.endswith(self._suffixes):
            for matches, statement in self._wild:
                if matches(resource):
                    return statement
        for alike in self._demanding:
            found = alike.first(resource, conditions, missing)
            if found is not None:
                return found
        for statement in self._rest:
            if statement.applies(resource, conditions, missing):
                return statement
        return None


class Relevant:
    """What a policy says of one action; None where it says nothing."""

    __slots__ = ("allows", "denies")

    def __init__(self, statements: list[CompiledStatement]) -> None:
        denies = tuple(statement for statement in statements if statement.deny)
        allows = tuple(statement for statement in statements if not statement.deny)
        self.denies = Group(denies) if denies else None
        self.allows = Group(allows) if allows else None


class Policy:
    """A compiled document. Make it with `compile_policy`."""

    __slots__ = ("_relevant", "_statements")

    def __init__(self, statements: tuple[CompiledStatement, ...]) -> None:
        self._statements = statements
        self._relevant: dict[str, Relevant] = {}

    def denying(self) -> "Policy":
        """What it denies, without what it allows."""
        return Policy(tuple(statement for statement in self._statements if statement.deny))

    def about(self, action: str) -> Relevant:
        """What the policy says of `action`."""
        relevant = self._relevant.get(action)
        return self._find(action) if relevant is None else relevant

    def _find(self, action: str) -> Relevant:
        lowered = action.lower()
        relevant = Relevant([statement for statement in self._statements if statement.speaks_of(lowered)])
        if len(self._relevant) >= _ACTIONS_MAX:
            self._relevant.clear()
        self._relevant[action] = relevant
        return relevant


@lru_cache(maxsize=_POLICIES_MAX)
def compile_policy(text: str) -> Policy:
    """PolicySyntax unless `text` is a policy document; the same object for the same text."""
    document = parse_document(text)
    return Policy(
        tuple(
            CompiledStatement(statement, index, variables=document.has_variables)
            for index, statement in enumerate(document.statements)
        )
    )

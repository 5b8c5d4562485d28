"""Do the engine and a plain evaluator always agree, and do the laws of policies hold for all policies?"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.auth.policy import NamedPolicy, PolicySet, compile_policy, decide
from pileus.kernel.auth.policy.arns import arn_matcher, resource_matcher
from pileus.kernel.auth.policy.globs import matcher, wild
from tests.unit.policy import reference
from tests.unit.policy.asking import query

_PATTERNS: Final = st.text("ab*?", max_size=10)
_TEXTS: Final = st.text("ab", max_size=12)
_ARN_PATTERNS: Final = st.text("ab:*?", max_size=14)
_ARN_TEXTS: Final = st.text("ab:", max_size=16)

_ACTIONS: Final = st.sampled_from(["s:a", "s:ab", "S:B", "t:a", "t:b"])
_RESOURCES: Final = st.sampled_from(["arn:aws:s:r:1:a", "arn:aws:s:r:1:a/b", "arn:aws:t:r:2:b", "*"])
_KEYS: Final = ["k:one", "k:two"]
_CONTEXTS: Final = st.dictionaries(st.sampled_from(_KEYS), st.sampled_from(["", "a", "ab", "b"]))


def _some(*values: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


_CONDITIONS: Final = st.dictionaries(
    st.sampled_from(
        ["StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists", "StringNotEqualsIfExists"]
    ),
    st.dictionaries(st.sampled_from(_KEYS), _some("a", "b", "a*", "?b"), min_size=1),
    max_size=2,
) | st.fixed_dictionaries({"Null": st.dictionaries(st.sampled_from(_KEYS), st.sampled_from([["true"], ["false"]]))})


@st.composite
def _statements(draw: st.DrawFn) -> dict[str, Any]:
    resources = _some("*", "arn:aws:s:*", "arn:aws:?:r:1:a", "arn:aws:t:r:2:*", "arn:aws:s:r:1:a*", "arn:aws:s:r:1:a")
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(_some("*", "s:*", "S:a", "t:?", "s:a*")),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(resources),
        "Condition": draw(_CONDITIONS),
    }


_DOCUMENTS: Final = st.lists(_statements(), min_size=1, max_size=3).map(
    lambda statements: {"Version": "2012-10-17", "Statement": statements}
)
_GROUPS: Final = st.lists(_DOCUMENTS, min_size=1, max_size=2)


@given(_PATTERNS, _TEXTS)
def test_wildcards(pattern: str, text: str) -> None:
    """The quick matcher of wildcards is the definition's."""
    assert matcher(wild(pattern))(text) is reference.fits(pattern, text)


@given(_ARN_PATTERNS, _ARN_TEXTS)
def test_resource_patterns(pattern: str, text: str) -> None:
    """The Resource element's rule about colons, for every mixture of stars that may and may not cross them."""
    assert resource_matcher(wild(pattern))(text) is reference.resource_fits(pattern, text)


@given(st.lists(_PATTERNS, min_size=5, max_size=7), st.lists(_TEXTS, min_size=5, max_size=7))
def test_arn_patterns(patterns: list[str], texts: list[str]) -> None:
    """The ARN operators' rule: part by part."""
    pattern, text = ":".join(patterns), ":".join(texts)
    assert arn_matcher(wild(pattern))(text) is reference.arn_fits(pattern, text)


def _named(documents: Sequence[Mapping[str, Any]]) -> list[NamedPolicy]:
    return [NamedPolicy("test", compile_policy(json.dumps(document)), "test") for document in documents]


@settings(max_examples=200)
@given(
    _ACTIONS,
    _RESOURCES,
    _CONTEXTS,
    _GROUPS,
    st.none() | _DOCUMENTS,
    st.none() | _GROUPS,
    st.lists(_GROUPS, max_size=2),
)
def test_decisions(
    action: str,
    resource: str,
    context: dict[str, str],
    identity: list[dict[str, Any]],
    boundary: dict[str, Any] | None,
    session: list[dict[str, Any]] | None,
    levels: list[list[dict[str, Any]]],
) -> None:
    """Identity, boundary, session and SCPs together, against the plain evaluator."""
    decision = decide(
        query("user", action=action, resource=resource, conditions=context),
        PolicySet(
            identity=_named(identity),
            boundary=_named([boundary])[0] if boundary else None,
            session=_named(session) if session else None,
            scps=[_named(level) for level in levels],
        ),
    )
    limits = [*levels, *([[boundary]] if boundary else []), *([session] if session else [])]
    assert decision.allowed is reference.allowed(action, resource, context, identity=identity, limits=limits)
    assert not (decision.allowed and decision.explicit_deny)


@given(_ACTIONS, _RESOURCES, _CONTEXTS, _GROUPS, _statements(), st.data())
def test_an_explicit_deny_wins(
    action: str,
    resource: str,
    context: dict[str, str],
    identity: list[dict[str, Any]],
    statement: dict[str, Any],
    data: st.DataObject,
) -> None:
    """Wherever a Deny that applies is added, the answer is an explicit no."""
    if not reference.applies(statement, action, resource, context):
        return
    deny = statement | {"Effect": "Deny"}
    place = data.draw(st.integers(0, len(identity) - 1))
    statements = [*identity[place]["Statement"], deny]
    denying = [*identity[:place], identity[place] | {"Statement": statements}, *identity[place + 1 :]]
    decision = decide(
        query("user", action=action, resource=resource, conditions=context), PolicySet(identity=_named(denying))
    )
    assert (decision.allowed, decision.explicit_deny) == (False, True)


@given(_ACTIONS, _RESOURCES, _CONTEXTS, _DOCUMENTS, st.data())
def test_removing_an_allow_never_adds_permission(
    action: str, resource: str, context: dict[str, str], document: dict[str, Any], data: st.DataObject
) -> None:
    """Whoever tightens a policy by taking an Allow away must not open anything."""
    statements = document["Statement"]
    allows = [index for index, statement in enumerate(statements) if statement["Effect"] == "Allow"]
    if not allows:
        return
    gone = data.draw(st.sampled_from(allows))
    fewer = document | {"Statement": [*statements[:gone], *statements[gone + 1 :]]}
    asked = query("user", action=action, resource=resource, conditions=context)
    before = decide(asked, PolicySet(identity=_named([document]))).allowed
    remaining = _named([fewer]) if fewer["Statement"] else []
    assert before or not decide(asked, PolicySet(identity=remaining)).allowed


@given(_ACTIONS, _RESOURCES, _CONTEXTS, _GROUPS, _DOCUMENTS)
def test_a_limit_only_takes_away(
    action: str, resource: str, context: dict[str, str], identity: list[dict[str, Any]], limit: dict[str, Any]
) -> None:
    """A boundary, a session policy and an SCP never allow what identity policies do not, and are alike in that."""
    asked = query("user", action=action, resource=resource, conditions=context)
    policies, (extra,) = _named(identity), _named([limit])
    alone = decide(asked, PolicySet(identity=policies)).allowed
    limited = {
        decide(asked, PolicySet(identity=policies, boundary=extra)).allowed,
        decide(asked, PolicySet(identity=policies, session=[extra])).allowed,
        decide(asked, PolicySet(identity=policies, scps=[[extra]])).allowed,
    }
    assert len(limited) == 1
    assert alone or limited == {False}


class _Noting(dict[str, str]):
    """Conditions that note what is asked for: a key may cost a read, so nobody asks for one in vain."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


_ALIKE: Final = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.just("Allow"),
            "Action": st.just("s:a"),
            "Resource": _some("*", "arn:aws:s:*", "arn:aws:s:r:1:a", "arn:aws:s:*:a"),
            "Condition": st.dictionaries(
                st.sampled_from(["StringEquals", "StringLike", "StringNotEquals", "StringEqualsIfExists"]),
                st.dictionaries(st.sampled_from(_KEYS), _some("a", "b", "a*"), min_size=1, max_size=2),
                min_size=1,
                max_size=2,
            ),
        }
    ),
    min_size=2,
    max_size=6,
)


@settings(max_examples=300)
@given(_ALIKE, _RESOURCES, _CONTEXTS)
def test_statements_that_are_asked_together(
    statements: Sequence[dict[str, Any]], resource: str, context: Mapping[str, str]
) -> None:
    """A group answers what its statements would, one by one; so do the keys it misses, and those it asks for."""
    policy = compile_policy(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    group = policy.about("s:a").allows
    assert group is not None
    plain, quick = _Noting(context), _Noting(context)
    plainly_missing: set[str] = set()
    missing: set[str] = set()
    applying = [each for each in group.statements if each.applies(resource, plain, plainly_missing)]
    found = group.first(resource, quick, missing)
    assert (found in applying) if applying else found is None
    assert quick.asked <= plain.asked
    if not applying:
        assert (missing, quick.asked) == (plainly_missing, plain.asked)

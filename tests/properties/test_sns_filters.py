"""Filter policies against what they mean, and texts of all kinds against the reader."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pileus.services.sns.filters import FilterPolicyRefused, Scope, parse
from pileus.services.sns.filters.tokens import tokens_of
from pileus.services.sns.model import MessageAttribute

NAMES = st.sampled_from(["a", "b", "c"])
TEXTS = st.sampled_from(["x", "y", "xy", "X", "5", "true", "10.0.0.1", ""])
NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, 1.0, 1e3]))
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none())
ENTRIES: st.SearchStrategy[Any] = st.one_of(
    SCALARS,
    st.sampled_from(
        [
            {"exists": True},
            {"exists": False},
            {"prefix": "x"},
            {"suffix": "y"},
            {"equals-ignore-case": "X"},
            {"cidr": "10.0.0.0/24"},
            {"anything-but": ["x", "y"]},
            {"anything-but": [1, 2]},
            {"anything-but": "x"},
            {"anything-but": {"prefix": "x"}},
            {"numeric": [">", 0]},
            {"numeric": ["<=", 1]},
            {"numeric": ["=", 1]},
            {"numeric": [">=", -1, "<", 2]},
        ]
    ),
)
FIELDS = st.dictionaries(NAMES, st.lists(ENTRIES, min_size=1, max_size=3), min_size=1, max_size=2)
POLICIES = st.one_of(
    FIELDS,
    st.builds(lambda one, other: {"$or": [one, other]}, FIELDS, FIELDS),
    st.builds(
        lambda beside, one, other: {**{f"d{name}": value for name, value in beside.items()}, "$or": [one, other]},
        FIELDS,
        FIELDS,
        FIELDS,
    ),
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["a", "b", "c", "da", "db"]),
    st.one_of(
        TEXTS.map(lambda text: ("String", text)),
        NUMBERS.map(lambda number: ("Number", str(number))),
        st.lists(SCALARS, max_size=3).map(lambda values: ("String.Array", json.dumps(values))),
        st.just(("Binary", "")),
    ),
    max_size=4,
)


def meant(policy: dict[str, Any], attributes: dict[str, tuple[str, str]]) -> bool:
    """All names, any entry, any value; `$or` any object."""
    return all(
        any(meant(choice, attributes) for choice in entries)
        if name == "$or"
        else any(entry_fits(entry, seen(attributes.get(name))) for entry in entries)
        for name, entries in policy.items()
    )


def seen(attribute: tuple[str, str] | None) -> list[Any]:
    """The values of an attribute."""
    kind, text = attribute or ("Binary", "")
    if kind == "Binary":
        return []
    values = json.loads(text) if kind in {"String.Array", "Number"} else text
    return values if isinstance(values, list) else [values]


def entry_fits(entry: Any, values: list[Any]) -> bool:
    if entry == {"exists": False}:
        return not values
    return any(fits(entry, value) for value in values)


def fits(entry: Any, value: Any) -> bool:
    if not isinstance(entry, dict):
        return entry == value and isinstance(entry, bool) == isinstance(value, bool)
    ((operator, wanted),) = entry.items()
    if operator == "exists":
        return True
    if operator == "anything-but":
        if isinstance(wanted, dict):
            return not (isinstance(value, str) and value.startswith("x"))
        return not any(fits(each, value) for each in (wanted if isinstance(wanted, list) else [wanted]))
    if operator == "numeric":
        pairs = zip(wanted[::2], wanted[1::2], strict=True)
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        return numeric and all(compare(value, sign, bound) for sign, bound in pairs)
    if not isinstance(value, str):
        return False
    return {
        "prefix": value.startswith("x"),
        "suffix": value.endswith("y"),
        "equals-ignore-case": value.lower() == "x",
        "cidr": value == "10.0.0.1",
    }[operator]


def compare(value: float, sign: str, bound: float) -> bool:
    return {"=": value == bound, "<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[
        sign
    ]


@given(POLICIES, ATTRIBUTES)
def test_attributes_pass_what_the_policy_means(policy: dict[str, Any], attributes: dict[str, tuple[str, str]]) -> None:
    """Too much let through tells secrets to strangers; too little loses messages."""
    given_ = {
        name: MessageAttribute(data_type=kind, string_value=None if kind == "Binary" else text)
        for name, (kind, text) in attributes.items()
    }
    assert parse(json.dumps(policy), Scope.ATTRIBUTES).matches(given_, "") is meant(policy, attributes)


@given(POLICIES, ATTRIBUTES)
def test_bodies_pass_as_attributes_do(policy: dict[str, Any], attributes: dict[str, tuple[str, str]]) -> None:
    """The same values in the body are the same values."""
    body = {
        name: json.loads(text) if kind in {"String.Array", "Number"} else text
        for name, (kind, text) in attributes.items()
        if kind != "Binary"
    }
    assert parse(json.dumps(policy), Scope.BODY).matches({}, json.dumps(body)) is meant(policy, attributes)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(st.text(), below, max_size=3)),
    max_leaves=12,
)


@given(JSON, st.sampled_from([None, 0, 1]), st.booleans())
def test_every_json_text_is_read(value: Any, indent: int | None, ascii_only: bool) -> None:
    """Whatever is JSON is no mistake of JSON's, however it was written."""
    tokens = tokens_of(json.dumps(value, indent=indent, ensure_ascii=ascii_only))
    if not isinstance(value, dict | list):
        assert tokens[0].value == value


@given(st.one_of(st.text(max_size=40), st.text('{}[]":,0123456789.-eE tfn\\u', max_size=40)))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Policies come from outside: there is an answer to all of them."""
    try:
        json.loads(text, parse_constant=int)
        is_json = True
    except ValueError:
        is_json = False
    read = False
    with suppress(FilterPolicyRefused):
        tokens_of(text)
        read = True
    assert read or not is_json
    with suppress(FilterPolicyRefused):
        parse(text, Scope.BODY)

"""Every kind of constraint is told of by every service, in each of its protocols, wherever the value is."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest
from botocore.model import Shape

from pileus.kernel.wire.dialects import dialect_of
from tests.wire.harness import SERVICES, Desk, addressed, botocore_model, protocols_of, read_by_botocore, request_of

EACH: Final = [
    pytest.param(name, of, id=f"{name}-{of}") for name in SERVICES if name != "s3" for of in protocols_of(name)
]
"""S3 has words of its own (`test_rest_xml`)."""
_OF_EACH_KIND_MAX: Final = 40
_LENGTH_MAX: Final = 3000
"""Longer values would only be slow."""
_NOT_BY_SHAPE: Final = {("apigatewayv2", "ExportApi")}
"""Its enums are written at the members: the only ones of all these models, and for the operation itself to look at."""
_ODD: Final = ("\u00e9 !", "~", "a b", "#", "-", "A", "")
_PLACES: Final = (None, "querystring", "header", "uri")


def _broken(shape: Shape, place: str | None) -> Iterator[tuple[str, Any, str]]:
    """Values that break one constraint of a scalar: its kind, the value, what is told."""
    limits = shape.metadata
    if shape.type_name in {"integer", "long"}:
        if "min" in limits and int(limits["min"]) > -(2**31):
            yield "min", int(limits["min"]) - 1, f"value greater than or equal to {limits['min']}"
        if "max" in limits and int(limits["max"]) < 2**31 - 1:
            yield "max", int(limits["max"]) + 1, f"value less than or equal to {limits['max']}"
    if shape.type_name != "string":
        return
    if getattr(shape, "enum", None):
        yield "enum", "NoSuchValue", "satisfy enum value set: ["
        return
    if int(limits.get("min", 0)) > 1:
        yield "shortest", "a" * (int(limits["min"]) - 1), f"length greater than or equal to {limits['min']}"
    if 0 < int(limits.get("max", 0)) <= _LENGTH_MAX:
        yield "longest", "a" * (int(limits["max"]) + 1), f"length less than or equal to {limits['max']}"
    if "pattern" in limits:
        try:
            pattern = re.compile(f"(?a:{limits['pattern']})")
        except re.error:
            return  # Java's regular expressions are not all Python's
        odd = [text for text in _ODD if place is None or re.fullmatch("[-A#~]", text)]
        value = next((text for text in odd if not pattern.search(text)), None)
        if value:
            yield "pattern", value, "satisfy regular expression pattern: "


def _cases(service: str, protocol: str) -> Iterator[tuple[str, str, str, Any, str]]:
    """Operation, member, kind, value and what is told: at most so many of each kind."""
    model, count = botocore_model(service, protocol), Counter[str]()
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        if shape is None or "payload" in shape.serialization or (service, operation) in _NOT_BY_SHAPE:
            continue
        for name, member in shape.members.items():
            place = member.serialization.get("location")
            if place not in _PLACES or "hostLabel" in member.serialization:
                continue
            for kind, value, told in _broken(member, place):
                path = name[:1].lower() + name[1:]
                own = dialect_of(service, operation).broken
                if any(told_of == path for told_of, _ in own) or (place == "uri" and kind == "enum"):
                    continue
                if count[kind] < _OF_EACH_KIND_MAX:
                    count[kind] += 1
                    yield operation, name, kind, value, told


@pytest.mark.parametrize(("service", "protocol"), EACH)
def test_a_broken_constraint_is_told(service: str, protocol: str) -> None:
    """Path and constraint, among whatever else is wrong; the operation never sees such a value."""
    desk = Desk([service])
    for operation, name, kind, value, told in _cases(service, protocol):
        response = desk.ask(
            request_of(service, operation, addressed(service, operation) | {name: value}, protocol=protocol)
        )
        what = (operation, name, kind, value, response)
        assert response.status == 400, what
        assert desk.api.given is None, what
        message = read_by_botocore(service, operation, response, protocol=protocol)["Error"]["Message"]
        path = name[:1].lower() + name[1:]
        at = rf"at '{re.escape(path)}' failed to satisfy constraint: Member must (have )?{re.escape(told)}"
        assert re.search(at, message), (what, message)
        counted = re.match(r"([0-9]+) validation errors? detected: ", message)
        assert counted is not None, what
        assert int(counted[1]) == message.count("failed to satisfy constraint: "), what


def test_the_kinds_are_all_met() -> None:
    """Whatever a model of tomorrow looks like, this file still tests something."""
    kinds = Counter(
        kind for service in ("lambda", "sts", "route53", "kinesis") for _, _, kind, _, _ in _cases(service, "")
    )
    assert set(kinds) == {"min", "max", "enum", "shortest", "longest", "pattern"}

"""What is wrong with an input, in AWS's words?

The slow path: the structs refuse a bad input quickly but in msgspec's words, so a refused one is walked again here,
with the model. A value of the wrong type is the protocol's affair and raises `WrongType` at once; broken constraints
are collected and told together:

    2 validation errors detected: Value 'a' at 'tableName' failed to satisfy constraint: Member must have length
    greater than or equal to 3; Value null at 'key' failed to satisfy constraint: Member must not be null

Source: recordings lambda/lambda_api (lists and maps of scalars are told as a whole), events/events (pattern before
length), kms/kms (a sensitive value is not repeated); for `WrongType`, what DynamoDB answers to each JSON type.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from pileus.kernel.wire.constraints import broken, constraints_of, element_constraints, told_enum
from pileus.kernel.wire.dialect import Constraint, MapKeys
from pileus.kernel.wire.model import Ref, ServiceModel, Shape
from pileus.kernel.wire.scalars import WrongType, check_kind, scalar_of

_NO_ORDERS: Final[Mapping[frozenset[str], Sequence[str]]] = {}
_NO_KEYS: Final[Mapping[str, MapKeys]] = {}


class Violation(NamedTuple):
    """A broken constraint: where, which one (`element`: of a list's elements or a map's keys or values), by what."""

    path: str
    constraint: Constraint | Literal["element"]
    value: object
    told: str


class Inspection:
    """One look at one input. `violations` has the broken constraints, in the order of the model."""

    def __init__(
        self,
        model: ServiceModel,
        *,
        values_told: bool = True,
        enum_orders: Mapping[frozenset[str], Sequence[str]] = _NO_ORDERS,
        map_keys: Mapping[str, MapKeys] = _NO_KEYS,
        casts: bool = False,
    ) -> None:
        """values_told: the message repeats the values that break a constraint. The others: see `Dialect`."""
        self._map_keys = map_keys
        self._casts = casts
        self._model = model
        self._enum_orders = enum_orders
        self._values_told = values_told
        self.violations: list[Violation] = []

    def clean(self, ref: Ref, value: object) -> object:
        """The input with nulls left out and numbers in the wanted form; see `violations`; may raise `WrongType`."""
        return self._structure(ref.shape, value, "")

    @property
    def message(self) -> str:
        return message_of(self.violations)

    def _value(self, ref: Ref, value: object, path: str) -> object:
        shape = self._model.shape_of(ref)
        if shape.document or shape.eventstream or shape.streaming or ref.streaming:
            return value
        if shape.type == "structure":
            return self._structure(ref.shape, value, path)
        if shape.type == "list":
            return self._list(ref.shape, value, path)
        if shape.type == "map":
            return self._map(ref.shape, value, path)
        scalar = self._scalar(shape, value)
        self._check(shape, scalar, path)
        return scalar

    def _broken(self, shape: Shape, value: object) -> Sequence[tuple[Constraint, str]]:
        """A service that casts looks at its enumerations itself."""
        found = broken(shape, value)
        return [(kind, told) for kind, told in found if kind != "enum"] if self._casts and found else found

    def _scalar(self, shape: Shape, value: object) -> object:
        if self._casts:
            if shape.type == "string" and isinstance(value, bool | int | float):
                return str(value).lower() if isinstance(value, bool) else str(value)
            check_kind(shape, value)
        return scalar_of(shape, value)

    def _structure(self, name: str, value: object, path: str) -> object:
        if not isinstance(value, dict):
            raise WrongType(_not_a_structure(name, value))
        shape = self._model.shapes[name]
        required = set(shape.required)
        cleaned: dict[str, object] = {}
        for member in self._model.members(name):
            given = value.get(member.key)
            at = _joined(path, _property(member.name))
            if given is not None:
                cleaned[member.key] = self._value(member.ref, given, at)
            elif member.name in required:
                self._absent(at)
        return cleaned

    def _list(self, name: str, value: object, path: str, *, length_told: bool = False) -> object:
        if not isinstance(value, list):
            raise WrongType("Start of structure or map found where not expected" if isinstance(value, dict) else _FIELD)
        shape = self._model.shapes[name]
        assert shape.member is not None
        if not length_told:
            self._check(shape, value, path)
        element = self._model.shape_of(shape.member)
        if not _is_scalar(element):
            return [self._element(shape.member, item, f"{path}.{n}.member") for n, item in enumerate(value, start=1)]
        cleaned = [None if item is None else self._scalar(element, item) for item in value]
        if any(item is None or self._broken(element, item) for item in cleaned):
            self._violated(
                shape, cleaned, path, "element", f"Member must satisfy constraint: [{element_constraints(element)}]"
            )
        return cleaned

    def _map(self, name: str, value: object, path: str) -> object:
        if not isinstance(value, dict):
            raise WrongType(_not_a_map(value))
        shape = self._model.shapes[name]
        assert shape.key is not None
        assert shape.value is not None
        if self._casts:
            value = {k: v for k, v in value.items() if v is not None}
        self._check(shape, value, path)
        key, held = self._model.shape_of(shape.key), self._model.shape_of(shape.value)
        if any(self._broken(key, name) for name in value):
            self._violated(
                shape, value, path, "element", f"Map keys must satisfy constraint: [{', '.join(constraints_of(key))}]"
            )
        if name in self._map_keys:
            self._check_keys(shape, value, path, self._map_keys[name])
        if held.type == "list":
            return self._map_of_lists(shape, shape.value, value, path)
        if not _is_scalar(held):
            return {k: self._element(shape.value, v, f"{path}.{k}.member") for k, v in value.items()}
        cleaned = {k: None if v is None else self._scalar(held, v) for k, v in value.items()}
        if any(v is None or self._broken(held, v) for v in cleaned.values()):
            self._violated(
                shape, cleaned, path, "element", f"Map value must satisfy constraint: [{element_constraints(held)}]"
            )
        return cleaned

    def _check_keys(self, shape: Shape, value: dict[str, object], path: str, keys: MapKeys) -> None:
        if all(map(keys.pattern.fullmatch, value)):
            return
        shown = json.dumps(value, separators=(",", ":"), ensure_ascii=False) if keys.as_json else None
        told = f"Map keys must satisfy constraint: [{keys.told}]"
        self._violated(shape, value, path, "element", told, shown=shown)

    def _map_of_lists(self, shape: Shape, held: Ref, value: dict[str, object], path: str) -> object:
        """Lists of a wrong length are told of with the whole map, once (DynamoDB's BatchWriteItem)."""
        of_list = self._model.shape_of(held)
        if any(isinstance(one, list) and self._broken(of_list, one) for one in value.values()):
            self._violated(
                shape,
                value,
                path,
                "element",
                f"Map value must satisfy constraint: [{', '.join(constraints_of(of_list))}]",
            )
        cleaned: dict[str, object] = {}
        for name, one in value.items():
            at = f"{path}.{name}.member"
            cleaned[name] = None if one is None else self._list(held.shape, one, at, length_told=True)
            if one is None:
                self._absent(at)
        return cleaned

    def _element(self, ref: Ref, value: object, path: str) -> object:
        if value is None:
            self._absent(path)
            return None
        return self._value(ref, value, path)

    def _absent(self, path: str) -> None:
        self.violations.append(
            Violation(
                path, "required", None, _told("null" if self._values_told else "", path, "Member must not be null")
            )
        )

    def _check(self, shape: Shape, value: object, path: str) -> None:
        for constraint, told in self._broken(shape, value):
            if constraint == "enum" and self._enum_orders:
                told = told_enum(self._enum_orders.get(frozenset(shape.enum), shape.enum))
            self._violated(shape, value, path, constraint, told)

    def _violated(
        self,
        shape: Shape,
        value: object,
        path: str,
        constraint: Constraint | Literal["element"],
        told: str,
        *,
        shown: str | None = None,
    ) -> None:
        """shown: the value, if not as Java prints it."""
        hidden = shape.sensitive or not self._values_told
        repeated = "" if hidden else f"'{self._shown(shape, value) if shown is None else shown}'"
        self.violations.append(Violation(path, constraint, value, _told(repeated, path, told)))

    def _shown(self, shape: Shape, value: object) -> str:
        """A value as Java would print it."""
        if isinstance(value, list) and shape.member is not None:
            element = self._model.shape_of(shape.member)
            return f"[{', '.join(self._shown_named(shape.member, element, item) for item in value)}]"
        if isinstance(value, dict) and shape.value is not None:
            held = self._model.shape_of(shape.value)
            inside = (f"{k}={self._shown_named(shape.value, held, v)}" for k, v in value.items())
            return f"{{{', '.join(inside)}}}"
        return _shown_scalar(value)

    def _shown_named(self, ref: Ref, shape: Shape, value: object) -> str:
        if not isinstance(value, dict) or shape.type != "structure":
            return self._shown(shape, value)
        inside = (
            f"{_property(member.name)}={self._shown_named(member.ref, member.shape, value.get(member.key))}"
            for member in self._model.members(ref.shape)
        )
        return f"{ref.shape}({', '.join(inside)})"


def message_of(violations: Sequence[Violation]) -> str:
    """What AWS says about broken constraints, all at once."""
    count = len(violations)
    told = "; ".join(violation.told for violation in violations)
    return f"{count} validation error{'s' if count > 1 else ''} detected: {told}"


_FIELD: Final = "Unexpected field type"


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _property(name: str) -> str:
    """A member as a Java property."""
    return name[:1].lower() + name[1:]


def _told(shown: str, path: str, constraint: str) -> str:
    return f"Value {shown}{' ' if shown else ''}at '{path}' failed to satisfy constraint: {constraint}"


def _is_scalar(shape: Shape) -> bool:
    return shape.type not in {"structure", "list", "map"} and not shape.document


def _not_a_structure(name: str, value: object) -> str:
    return f"Unrecognized collection type class {name}" if isinstance(value, list) else _FIELD


def _not_a_map(value: object) -> str:
    if isinstance(value, list):
        return "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>"
    return _FIELD


def _shown_scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    return str(value)

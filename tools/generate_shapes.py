"""Write `services/<package>/shapes.py` and `kernel/wire/catalog.json` from botocore's service models.

    python tools/generate_shapes.py            # rewrite all
    python tools/generate_shapes.py --check    # fail when a file differs from its model

A struct's *encode name* (msgspec's `name`) is the member's `locationName` when the member travels in the body,
otherwise the model's member name. Constraints become `msgspec.Meta`, so that decoding checks them; when decoding fails,
`wire/` looks again, slowly, and says what AWS says.
"""

import argparse
import gzip
import json
import keyword
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
from botocore import xform_name

from pileus.kernel.wire.catalog import CATALOG, Entry
from pileus.kernel.wire.model import Ref, botocore_data, keys_of

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = {
    "apigatewayv2": "apigatewayv2",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "dynamodbstreams": "dynamodb/streams",
    "events": "events",
    "iam": "iam",
    "lambda": "lambda_",
    "kms": "kms",
    "logs": "logs",
    "s3": "s3",
    "s3control": "s3/control",
    "sns": "sns",
    "sqs": "sqs",
    "sts": "sts",
}
OPEN_ENUMS: Final = {
    "s3": {
        "BucketCannedACL",
        "BucketLogsPermission",
        "ObjectCannedACL",
        "Permission",
        "Type",
        "BucketLocationConstraint",
        "Event",
        "FilterRuleName",
        "Protocol",
        "TransitionDefaultMinimumObjectSize",
    },
    "sqs": {"QueueAttributeName", "MessageSystemAttributeName", "MessageSystemAttributeNameForSends"},
}
"""Enumerations whose service refuses other values in its own words, and so takes any text."""
UNPATTERNED: Final = {"s3": {"CopySource"}, "s3control": {"S3ResourceArn"}}
"""Texts whose pattern refuses what the service takes: a copy source with %2F, an ARN without region."""
OPTIONAL: Final = {"s3": {("PutBucketPolicyRequest", "Policy"), ("Tagging", "TagSet")}}
"""Members whose absence the service refuses in its own words, or does not mind, though the model requires them."""
_SCALARS: Final = {
    "string": "str",
    "character": "str",
    "boolean": "bool",
    "integer": "Int32_",
    "long": "Int64_",
    "float": "float",
    "double": "float",
    "bigdecimal": "float",
    "biginteger": "int",
    "blob": "bytes",
    "timestamp": "datetime",
}
_INT_BOUNDS: Final = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_TAKEN: Final = {"Struct", "Meta", "Literal", "Annotated", "Any", "Final", "datetime", "field", "None"}
_BUILTINS: Final = {"bytes", "int", "str", "bool", "float", "list", "dict", "field", "datetime", "object"}


def load_model(service: str) -> dict[str, Any]:
    folder = botocore_data() / service
    newest = max(path for path in folder.iterdir() if path.is_dir())
    plain, packed = newest / "service-2.json", newest / "service-2.json.gz"
    text = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    model: dict[str, Any] = json.loads(text)
    return model


def catalog_text() -> str:
    """One line for each service of AWS, sorted by name."""
    lines: list[str] = []
    for folder in sorted(path for path in botocore_data().iterdir() if any(path.glob("*/service-2.json*"))):
        metadata = load_model(folder.name)["metadata"]
        entry = Entry(
            name=folder.name,
            protocol=metadata["protocol"],
            signing_name=metadata.get("signingName", metadata["endpointPrefix"]),
            endpoint_prefix=metadata["endpointPrefix"],
            api_version=metadata["apiVersion"],
            target_prefix=metadata.get("targetPrefix", ""),
            also=[name for name in metadata.get("protocols", ()) if name != metadata["protocol"]],
        )
        lines.append(msgspec.json.encode(entry).decode())
    return "[\n" + ",\n".join(lines) + "\n]\n"


class Module:
    """One `shapes.py` in the making."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.model = load_model(service)
        self.shapes: dict[str, dict[str, Any]] = self.model["shapes"]
        self.aliases: dict[str, str] = {}
        self.structs: dict[str, str] = {}
        self.members_named: set[str] = set()

    def class_name(self, shape_name: str) -> str:
        name = shape_name[0].upper() + shape_name[1:]
        if name in _TAKEN or keyword.iskeyword(name) or (name != shape_name and name in self.shapes):
            name += "_"
        return name

    def attribute(self, member: str) -> str:
        name: str = xform_name(member)
        return name + "_" if keyword.iskeyword(name) or name in _BUILTINS else name

    def type_of(self, shape_name: str, path: tuple[str, ...] = ()) -> str:
        """The annotation by which a member refers to a shape."""
        shape = self.shapes[shape_name]
        kind = shape["type"]
        if kind == "structure":
            if shape.get("document"):
                return "object"
            return self.class_name(shape_name)
        if shape.get("document"):
            return "object"
        if shape_name in path:
            return "object"  # a list or map of itself: only document-like shapes do this
        path = (*path, shape_name)
        if kind == "list":
            inner = f"list[{self.type_of(shape['member']['shape'], path)}]"
        elif kind == "map":
            inner = f"dict[{self.type_of(shape['key']['shape'], path)}, {self.type_of(shape['value']['shape'], path)}]"
        elif shape.get("enum") and shape_name not in OPEN_ENUMS.get(self.service, ()):
            alias = self.class_name(shape_name)
            values = ", ".join(json.dumps(value) for value in shape["enum"])
            self.aliases[alias] = f"Literal[{values}]"
            return alias
        else:
            inner = _SCALARS[kind]
        meta = self.meta(shape_name)
        if not meta:
            return inner
        inner = "int" if kind in _INT_BOUNDS else inner
        alias = self.class_name(shape_name)
        self.aliases[alias] = f"Annotated[{inner}, Meta({meta})]"
        return alias

    def meta(self, shape_name: str) -> str:
        shape = self.shapes[shape_name]
        kind = shape["type"]
        low, high = shape.get("min"), shape.get("max")
        parts: list[str] = []
        if kind in _INT_BOUNDS and (low is not None or high is not None):
            lowest, highest = _INT_BOUNDS[kind]
            parts = [f"ge={lowest if low is None else low}", f"le={highest if high is None else high}"]
        elif kind in {"float", "double"}:
            parts += [f"ge={low}"] if low is not None else []
            parts += [f"le={high}"] if high is not None else []
        elif kind in {"string", "list", "map", "blob"}:
            parts += [f"min_length={low}"] if low else []
            parts += [f"max_length={high}"] if high is not None else []
            pattern = None if shape_name in UNPATTERNED.get(self.service, ()) else shape.get("pattern")
            if pattern and kind == "string" and (translated := python_pattern(pattern)) is not None:
                parts.append(f"pattern={json.dumps(translated, ensure_ascii=True)}")
        return ", ".join(parts)

    def struct(self, name: str, shape: dict[str, Any]) -> str:
        optional = {member for struct, member in OPTIONAL.get(self.service, ()) if struct == name}
        required = set(shape.get("required", ())) - optional
        lines = [f"class {self.class_name(name)}(Struct, frozen=True, kw_only=True, omit_defaults=True):"]
        keys = keys_of(msgspec.convert(shape.get("members", {}), dict[str, Ref]))
        for member, ref in shape.get("members", {}).items():
            if ref.get("eventstream") or self.shapes[ref["shape"]].get("eventstream"):
                annotation, must = "object", False
            elif (ref.get("streaming") or self.shapes[ref["shape"]].get("streaming")) and "payload" in shape:
                annotation, must = "object", False  # bytes, a stream, or a file
            else:
                annotation, must = self.type_of(ref["shape"]), member in required
            wire_name = keys[member]
            attribute = self.attribute(member)
            renamed = f"name={json.dumps(wire_name)}" if wire_name != attribute else ""
            if must:
                default = f" = field({renamed})" if renamed else ""
                lines.append(f"    {attribute}: {annotation}{default}")
            else:
                default = f" = field({renamed}, default=None)" if renamed else " = None"
                lines.append(f"    {attribute}: {annotation} | None{default}")
        if len(lines) == 1:
            lines.append("    pass")
        return "\n".join(lines)

    def render(self) -> str:
        errors = {name for name, shape in self.shapes.items() if shape.get("exception") or "error" in shape}
        operations: list[str] = []
        for name, operation in self.model["operations"].items():
            given = operation.get("input", {}).get("shape")
            answered = operation.get("output", {}).get("shape")
            if given is None:
                given = f"{name}Request_" if f"{name}Request" in self.shapes else f"{name}Request"
                self.structs[given] = f"class {given}(Struct, frozen=True, kw_only=True):\n    pass"
                given_class = given
            else:
                given_class = self.class_name(given)
            operations.append(
                f"    {json.dumps(name)}: ({given_class}, {self.class_name(answered) if answered else None}),"
            )
        for name, shape in self.shapes.items():
            if shape["type"] == "structure" and not shape.get("document") and name not in errors:
                self.structs[self.class_name(name)] = self.struct(name, shape)
        # An error's own shape is not generated, but a struct may hold one.
        referenced = set(re.findall(r"\w+", "\n".join(self.structs.values())))
        for name in sorted(errors):
            if self.class_name(name) in referenced:
                self.structs[self.class_name(name)] = self.struct(name, self.shapes[name])
        of_scalars = {name: text for name, text in self.aliases.items() if not re.search(r"\b(?:list|dict)\[", text)}
        of_structs = {name: text for name, text in self.aliases.items() if name not in of_scalars}
        text = [
            f'"""Shapes of {self.service}, generated by tools/generate_shapes.py from its model; never edited."""',
            "# ruff: noqa",
            "from __future__ import annotations",
            "",
            "from datetime import datetime",
            "from typing import Annotated, Final, Literal",
            "",
            "from msgspec import Meta, Struct, field",
            "",
            *(
                f"{_SCALARS[kind]} = Annotated[int, Meta(ge={low}, le={high})]"
                for kind, (low, high) in _INT_BOUNDS.items()
            ),
            *(f"{alias} = {definition}" for alias, definition in of_scalars.items()),
            *(f"\n\n{definition}" for definition in self.structs.values()),
            "\n",
            *(f"{alias} = {definition}" for alias, definition in of_structs.items()),
            "",
            "OPERATIONS: Final[dict[str, tuple[type[Struct], type[Struct] | None]]] = {",
            *operations,
            "}",
            "",
        ]
        rendered = "\n".join(text)
        if "datetime" not in rendered.replace("from datetime import datetime", ""):
            rendered = rendered.replace("from datetime import datetime\n", "")
        return rendered


def python_pattern(pattern: str) -> str | None:
    """The model's (Java) pattern as a whole match in Python's `re`; None where Python lacks the construct."""
    anchored = rf"^(?a:{pattern})\Z"  # in Java, \d and \w are ASCII
    try:
        re.compile(anchored)
    except re.error:
        return None
    return anchored


def module_name(service: str) -> str:
    """A service's name as a module's."""
    name = service.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


def write_package(services: Iterable[str], folder: Path) -> None:
    """Write the shapes of services into a package of one module each: for tests of what Pileus does not have yet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").touch()
    for service in services:
        (folder / f"{module_name(service)}.py").write_text(Module(service).render())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is out of date")
    options = parser.parse_args()
    stale: list[str] = []
    wanted = {CATALOG: catalog_text()}
    for service, package in PACKAGES.items():
        wanted[ROOT / "src" / "pileus" / "services" / package / "shapes.py"] = Module(service).render()
    for path, text in wanted.items():
        if path.exists() and path.read_text() == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for name in stale:
        print(f"{'differs from its model' if options.check else 'wrote'}: {name}")
    if stale and options.check:
        print("run: make generate")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

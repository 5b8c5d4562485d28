"""What did S3 answer to these calls, and do we answer the same?

The JSON files beside this one hold scenarios that LocalStack recorded against AWS (github.com/localstack/localstack,
`tests/aws/services/s3`, Apache License 2.0): per scenario its calls, and per call what AWS answered. LocalStack keeps
only the answers; the calls were written anew for Pileus.

In what is given, `‹3:VersionId›` is a member of the fourth answer, `‹new0›` a name of nobody else's, `{"$now": s}` a
moment, `{"$at": ...}` another one, `{"$told": ...}` a moment of an answer, `{"$bytes": ...}` and `{"$repeat": [s, n]}`
bytes, and `{"$text": [s, n]}` text, n times. In what was told, `<any>` is anything, and `<name:1>` is the same wherever
it stands; the owner's display name, which AWS has ceased to tell, is left out.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from botocore import UNSIGNED, xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import Server

_FILES: Final = sorted(Path(__file__).parent.glob("*.json"))
_REFERENCE: Final = re.compile(r"‹([^›]+)›")
_VARIABLE: Final = re.compile(r"<[^<>]+>")
_UNTOLD: Final = frozenset({"HostId", "RequestId", "ResponseMetadata", "MaxAttemptsReached", "DisplayName"})

Step = Mapping[str, Any]


def scenarios() -> Mapping[str, Sequence[Step]]:
    """By the recording's file and the scenario's name."""
    found: dict[str, Sequence[Step]] = {}
    for file in _FILES:
        for name, steps in json.loads(file.read_text()).items():
            found[f"{file.stem}:{name}"] = steps
    return found


@dataclass
class Replay:
    """One scenario under way. names: what is called by no other. variables: what placeholders stood for."""

    aws: Server
    answers: list[Any] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    clients: dict[tuple[str, str, bool], Any] = field(default_factory=dict)

    def run(self, steps: Sequence[Step]) -> None:
        """AssertionError, with the place, where an answer differs."""
        for number, step in enumerate(steps):
            answer = self._call(step)
            self.answers.append(answer)
            if "told" in step:
                self._compare(step["told"], answer, f"{number} {step['call']}")

    def _call(self, step: Step) -> Any:
        client = self._client(step.get("service", "s3"), step.get("region", "us-east-1"), "anonymous" in step)
        try:
            answer = getattr(client, xform_name(step["call"]))(**self._given(step["given"]))
        except ClientError as error:
            if "told" not in step:
                raise
            answer = error.response
        if hasattr(answer.get("Body"), "read"):
            answer["Body"] = answer["Body"].read().decode(errors="replace")
        return answer | {"status": answer["ResponseMetadata"]["HTTPStatusCode"]}

    def _client(self, service: str, region: str, anonymous: bool) -> Any:
        key = service, region, anonymous
        if key not in self.clients:
            config = Config(
                parameter_validation=False,
                retries={"max_attempts": 0},
                read_timeout=30,
                signature_version=UNSIGNED if anonymous else None,
            )
            self.clients[key] = self.aws.client(service, region_name=region, config=config)
        return self.clients[key]

    def _given(self, value: Any) -> Any:
        if isinstance(value, str):
            return _REFERENCE.sub(lambda found: self._referred(found[1]), value)
        if isinstance(value, list):
            return [self._given(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) != 1 or not next(iter(value)).startswith("$"):
            return {name: self._given(each) for name, each in value.items()}
        [(kind, told)] = value.items()
        match kind:
            case "$now":
                return datetime.now(UTC) + timedelta(seconds=told)
            case "$at":
                return datetime.fromisoformat(told)
            case "$told":
                return self._answered(told)
            case "$bytes":
                return told.encode("latin-1")
            case "$repeat":
                return told[0].encode("latin-1") * told[1]
            case _:
                return told[0] * told[1]

    def _referred(self, reference: str) -> str:
        if reference.startswith("new"):
            return self.names.setdefault(reference, uuid4().hex[:12])
        return str(self._answered(reference))

    def _answered(self, reference: str) -> Any:
        number, _, path = reference.partition(":")
        found = self.answers[int(number)]
        for part in path.split("."):
            found = found[int(part) if isinstance(found, list) else part]
        return found

    def _compare(self, recorded: Any, answered: Any, place: str) -> None:
        if isinstance(recorded, dict):
            assert isinstance(answered, dict), (place, answered)
            assert recorded.keys() - _UNTOLD == answered.keys() - _UNTOLD, (place, answered)
            for name, value in recorded.items():
                self._compare(value, answered[name], f"{place}.{name}")
        elif isinstance(recorded, list):
            assert isinstance(answered, list), (place, answered)
            assert len(recorded) == len(answered), (place, answered)
            for index, value in enumerate(recorded):
                self._compare(value, answered[index], f"{place}.{index}")
        elif recorded != "<any>" and recorded != answered:
            assert isinstance(recorded, str), (place, recorded, answered)
            self._compare_text(recorded, str(answered), place)

    def _compare_text(self, recorded: str, answered: str, place: str) -> None:
        if _VARIABLE.fullmatch(recorded):
            assert self.variables.setdefault(recorded, answered) == answered, (place, recorded, answered)
            return
        pieces = [re.escape(piece) for piece in _VARIABLE.split(recorded)]
        assert len(pieces) > 1, (place, recorded, answered)
        assert re.fullmatch(".+".join(pieces), answered, re.DOTALL), (place, recorded, answered)

"""Our parser inverts botocore's serializer, and botocore's parser reads our answers.

For every service that Pileus will serve, in every protocol that botocore knows it to speak. The default run takes some
operations of each; the slow one takes all of them. Every request's bytes arrive one at a time.

What is generated depends on nothing but the case and a number, so that a failure is found again by running the same
case. Another number looks elsewhere: PILEUS_TEST_SEED=7 make test-all.
"""

import os
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final, NamedTuple
from zlib import crc32

import msgspec
import pytest
from botocore.handlers import parse_get_bucket_location
from botocore.model import OperationModel
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.wire import registered
from pileus.kernel.wire.model import load_model
from tests.wire.harness import (
    SERVICES,
    Desk,
    botocore_model,
    bytewise,
    protocols_of,
    raw_model,
    read_by_botocore,
    request_of,
    shapes_of,
)
from tests.wire.values import as_struct_tree, different, inputs, outputs, visible

_SAMPLE: Final = 4
"""Operations of each service and protocol in the default run."""
_FEW: Final = 2
_MANY: Final = 8
"""Examples of each operation; many in the `slow` runs, which look for what the small samples miss."""
_SEED: Final = int(os.environ.get("PILEUS_TEST_SEED", "0"))
_SHADOWED: Final = {
    ("s3", "GetBucketLifecycle"),
    ("s3", "GetBucketNotification"),
    ("s3", "PutBucketLifecycle"),
    ("s3", "PutBucketNotification"),
}
"""Operations that nothing in a request tells from their heirs, which have the same address."""
_CURIOUS: Final = {
    *(("s3", name) for name in ("CopyObject", "UploadPart", "UploadPartCopy", "ListParts", "GetObject", "HeadObject")),
    *(("s3", name) for name in ("GetBucketAcl", "PutBucketAcl", "ListObjectsV2", "PutObject", "DeleteObjects")),
    *(("s3", name) for name in ("PutBucketNotificationConfiguration", "SelectObjectContent", "ListObjectVersions")),
    ("apigateway", "PutIntegration"),
    ("cloudfront", "CreateDistribution"),
    ("dynamodb", "PutItem"),
    ("ec2", "RunInstances"),
    ("lambda", "Invoke"),
    ("rds-data", "ExecuteStatement"),
    ("route53", "ChangeResourceRecordSets"),
    ("s3control", "CreateJob"),
}
"""Operations that the sample must have."""


_NOT_COMPARED: Final = {"ContentLength", "ContentType"}
"""HTTP has them whether a user gives them or not."""


class Case(NamedTuple):
    service: str
    protocol: str
    operation: str

    @property
    def model(self) -> OperationModel:
        return botocore_model(self.service, self.protocol).operation_model(self.operation)


@pytest.fixture(autouse=True)
def _bare_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generated checksums are those of no body. What wraps bodies has tests of its own (`test_receiving`)."""
    monkeypatch.setattr(registered, "with_wrapping", lambda subject, codec, protocol, *, body_bytes_max: codec)


def _cases() -> list[Case]:
    found: list[Case] = []
    for service in SERVICES:
        found += [
            Case(service, protocol, operation)
            for protocol in protocols_of(service)
            for operation in load_model(service).operations
            if (service, operation) not in _SHADOWED
        ]
    return found


def _sampled(cases: list[Case]) -> list[Any]:
    """All cases, of which all but a few of each service are slow."""
    size: dict[tuple[str, str], int] = {}
    for case in cases:
        size[case[:2]] = size.get(case[:2], 0) + 1
    position: dict[tuple[str, str], int] = {}
    params: list[Any] = []
    for case in cases:
        at = position[case[:2]] = position.get(case[:2], -1) + 1
        taken = at % max(1, size[case[:2]] // _SAMPLE) == 0 or (case.service, case.operation) in _CURIOUS
        params.append(pytest.param(case, id="-".join(case), marks=() if taken else (pytest.mark.slow,)))
    return params


CASES: Final = _sampled(_cases())


Check = Callable[[st.DataObject], None]


def _hold(check: Check, of: object, *, examples: int = _FEW) -> None:
    """Check values that are drawn anew for each thing that is checked, and alike in every run."""
    limits = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    seed(crc32(repr((_SEED, of)).encode()))(limits(given(st.data())(check)))()


def _check_request(case: Case, data: st.DataObject, desk: Desk) -> None:
    shape = case.model.input_shape
    parameters: dict[str, Any] = data.draw(inputs(shape, protocol=case.protocol)) if shape is not None else {}
    if shape is not None and parameters.get(shape.serialization.get("payload", "")) == "":
        del parameters[shape.serialization["payload"]]  # no body is no text
        if shape.serialization["payload"] in shape.required_members:
            return
    for name in parameters.keys() & _NOT_COMPARED:
        if shape is not None and shape.members[name].serialization.get("name") == "Content-Length":
            del parameters[name]  # it is the body's, whatever a user says
    desk.api.given = None
    response = desk.ask(bytewise(request_of(case.service, case.operation, parameters, protocol=case.protocol)))
    assert desk.api.given is not None, (response, parameters)
    assert desk.api.context is not None
    assert desk.api.context.operation == case.operation
    expected = as_struct_tree(case.service, shape, parameters) if shape is not None else {}
    found = msgspec.to_builtins(desk.api.given, builtin_types=(bytes, datetime))
    for name in _NOT_COMPARED & found.keys() - expected.keys():
        del found[name]
    if case.service == "s3" and "Expires" in expected:
        expected["Expires"] = format_datetime(expected["Expires"], usegmt=True)
    own = load_model(case.service).operations[case.operation].input
    for member in load_model(case.service).members(own.shape) if own is not None else ():
        if member.ref.idempotency_token and member.key not in expected:
            assert found.pop(member.key), "a token is filled in"
        if shape is not None and shape.serialization.get("payload") == member.name:
            for tree in (expected, found):
                if tree.get(member.key) in ({}, b"", ""):
                    del tree[member.key]  # nothing and an empty body look the same
    assert different(_carried(expected, case.protocol), _carried(found, case.protocol)) == {}


def _carried(value: Any, protocol: str) -> Any:
    """What a protocol carries: a form has no empty maps or structures."""
    if isinstance(value, dict):
        inside = {key: _carried(held, protocol) for key, held in value.items()}
        forms = protocol in {"query", "ec2"}
        return {key: held for key, held in inside.items() if not forms or held not in ({}, None)}
    return [_carried(item, protocol) for item in value] if isinstance(value, list) else value


def _check_answer(case: Case, data: st.DataObject, desk: Desk) -> None:
    shape, answered = case.model.output_shape, shapes_of(case.service)[case.operation][1]
    values: dict[str, Any] = data.draw(outputs(shape, protocol=case.protocol)) if shape is not None else {}
    for name, member in shape.members.items() if shape is not None else ():
        if member.serialization.get("location") == "statusCode":
            values[name] = 202
    payload = shape.serialization.get("payload") if shape is not None else None
    if isinstance(values.get(str(payload)), bytes):
        values[str(payload)] = "botocore decodes it: ü".encode()
    if case.service == "s3":
        values.pop("Expires", None)  # a text in S3's model, which botocore reads as a moment
    tree = as_struct_tree(case.service, shape, values) if shape is not None else {}
    desk.api.output = msgspec.convert(tree, answered) if answered is not None else None
    desk.api.given = None
    response = desk.ask(request_of(case.service, case.operation, _least(case), protocol=case.protocol))
    assert 200 <= response.status < 300, response
    parsed = read_by_botocore(case.service, case.operation, response, protocol=case.protocol)
    metadata = parsed.pop("ResponseMetadata")
    if case.operation == "GetBucketLocation":
        parse_get_bucket_location(parsed, _Raw(response.body))
    assert desk.api.context is not None
    if case.protocol != "smithy-rpc-v2-cbor" or shape is not None:  # botocore does not look then
        assert metadata["RequestId"] == desk.api.context.request_id
    assert metadata.get("HTTPStatusCode", response.status) == response.status
    for name in _NOT_COMPARED & parsed.keys() - values.keys():
        del parsed[name]
    assert different(visible(values), visible(parsed)) == {}, response


class _Raw:
    """An HTTP answer as botocore's own handlers see it."""

    def __init__(self, content: Any) -> None:
        self.content = self.raw = content


_LEAST: dict[Case, dict[str, Any]] = {}


def _least(case: Case) -> dict[str, Any]:
    """Some legal input of an operation."""
    shape = case.model.input_shape
    if case not in _LEAST and shape is not None:

        def draw(data: st.DataObject) -> None:
            drawn = data.draw(inputs(shape, protocol=case.protocol))
            payload = shape.serialization.get("payload", "")
            _LEAST[case] = drawn | {payload: "text"} if drawn.get(payload) == "" else drawn

        _hold(draw, tuple(case), examples=1)
    return _LEAST.get(case, {})


def _has_events(case: Case) -> bool:
    """An answer that is a stream: `test_event_codec` has those."""
    return bool(case.model.has_event_stream_output)


@pytest.mark.parametrize("case", CASES)
def test_requests_of_botocore_arrive(case: Case) -> None:
    """What a boto3 user wrote is what the handler sees, whatever the protocol did to it."""
    desk = Desk([case.service])
    _hold(lambda data: _check_request(case, data, desk), tuple(case))


@pytest.mark.parametrize("case", [param for param in CASES if not _has_events(param.values[0])])
def test_answers_are_read_by_botocore(case: Case) -> None:
    """What the handler returned is what a boto3 user sees."""
    desk = Desk([case.service])
    _least(case)
    _hold(lambda data: _check_answer(case, data, desk), tuple(case))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_many_of_both(case: Case) -> None:
    """The same two ways, with samples large enough to find what two examples miss."""
    desk = Desk([case.service])
    _least(case)

    def check(data: st.DataObject) -> None:
        _check_request(case, data, desk)
        if not _has_events(case):
            _check_answer(case, data, desk)

    _hold(check, tuple(case), examples=_MANY)


ERRORS: Final = _sampled(
    [
        Case(service, protocol, error)
        for service in SERVICES
        for protocol in protocols_of(service)
        for error in dict.fromkeys(load_model(service).error_names.values())
    ]
)


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_read_by_botocore(case: Case) -> None:
    """SDKs decide by code and status whether to retry, and programs read the members."""
    service, protocol, error = case
    model = botocore_model(service, protocol)
    shape = model.shape_for(error)
    operation = next(name for name in model.operation_names if model.operation_model(name).http.get("method") != "HEAD")
    asked = Case(service, protocol, operation)
    desk = Desk([service])
    code = shape.metadata.get("error", {}).get("code") or error
    _least(asked)

    def check(data: st.DataObject) -> None:
        members: dict[str, Any] = data.draw(outputs(shape, protocol=protocol))
        for name in [name for name in members if name.lower() in {"message", "type"}]:
            del members[name]
        # A caller gives members by the model's names; inside them, builtins are under the structs' keys.
        told = {name: as_struct_tree(service, shape.members[name], value) for name, value in members.items()}
        desk.api.error = AnyServiceError(code, "It went wrong & <badly>", members=told)
        response = desk.ask(request_of(service, operation, _least(asked), protocol=protocol))
        parsed = read_by_botocore(service, operation, response, protocol=protocol)
        assert parsed["Error"]["Message"] == "It went wrong & <badly>"
        query_code = parsed["Error"].get("QueryErrorCode")
        assert error in {parsed["Error"]["Code"], query_code} or parsed["Error"]["Code"] == shape.error_code
        raw = raw_model(service)["shapes"][error]
        status = raw.get("error", {}).get("httpStatusCode", 500 if raw.get("fault") else 400)
        assert response.status == status
        if protocol != "ec2":
            found = {name: value for name, value in parsed.items() if name in members}
            assert different(visible(members), visible(found)) == {}, (parsed, response)

    _hold(check, tuple(case))

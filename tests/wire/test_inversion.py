"""Our parser inverts botocore's serializer, and botocore's parser reads our answers: every operation, every service."""

from datetime import datetime
from typing import Any, Final

import msgspec
import pytest
from botocore.model import OperationModel
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pileus.kernel.errors import AnyServiceError
from tests.wire.harness import PACKAGES, Desk, botocore_model, raw_model, read_by_botocore, request_of, shapes_of
from tests.wire.values import as_struct_tree, inputs, outputs, same

OPERATIONS: Final = [
    (service, operation) for service in PACKAGES for operation in botocore_model(service).operation_names
]
_FEW: Final = settings(
    max_examples=2,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_MANY: Final = settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
"""For the `slow` runs, which look for what the small samples miss."""


def _streams_events(model: OperationModel) -> bool:
    return bool(model.has_event_stream_input or model.has_event_stream_output)


def _check_request(service: str, operation: str, data: st.DataObject, desk: Desk) -> None:
    model = botocore_model(service).operation_model(operation)
    shape = model.input_shape
    protocol = botocore_model(service).protocol
    parameters: dict[str, Any] = data.draw(inputs(shape, protocol=protocol)) if shape is not None else {}
    desk.api.given = None
    response = desk.ask(request_of(service, operation, parameters))
    assert desk.api.given is not None, (response, parameters)
    assert desk.api.context is not None
    assert desk.api.context.operation == operation
    expected = as_struct_tree(shape, parameters) if shape is not None else {}
    found = msgspec.to_builtins(desk.api.given, builtin_types=(bytes, datetime))
    payload = shape.serialization.get("payload") if shape is not None else None
    for tree in (expected, found):
        if payload is not None and tree.get(payload) in ({}, b""):
            del tree[payload]  # nothing and an empty body look the same, and botocore writes `{}` for no structure
    assert same(_carried(expected, protocol), _carried(found, protocol)), (expected, found)


def _carried(value: Any, protocol: str) -> Any:
    """What a protocol carries: a form has no empty maps or structures."""
    if isinstance(value, dict):
        inside = {key: _carried(held, protocol) for key, held in value.items()}
        return {key: held for key, held in inside.items() if protocol != "query" or held not in ({}, None)}
    return [_carried(item, protocol) for item in value] if isinstance(value, list) else value


def _check_answer(service: str, operation: str, data: st.DataObject, desk: Desk) -> None:
    model = botocore_model(service).operation_model(operation)
    shape, answered = model.output_shape, shapes_of(service)[operation][1]
    values: dict[str, Any] = data.draw(outputs(shape)) if shape is not None else {}
    for name, member in shape.members.items() if shape is not None else ():
        if member.serialization.get("location") == "statusCode":
            values[name] = 202
    payload = shape.serialization.get("payload") if shape is not None else None
    if isinstance(values.get(str(payload)), bytes):
        values[str(payload)] = "botocore decodes it: ü".encode()
    desk.api.output = msgspec.convert(as_struct_tree(shape, values), answered) if answered is not None else None
    desk.api.given = None
    response = desk.ask(request_of(service, operation, _least(model)))
    assert 200 <= response.status < 300, response
    parsed = read_by_botocore(service, operation, response)
    metadata = parsed.pop("ResponseMetadata")
    assert metadata["HTTPStatusCode"] == response.status
    assert metadata["RequestId"] == desk.api.context.request_id if desk.api.context else False
    assert same(_visible(values), _visible(parsed)), (values, parsed, response)


def _visible(value: Any) -> Any:
    """botocore leaves nothing of an empty payload or structure."""
    if isinstance(value, dict):
        inside = {key: _visible(held) for key, held in value.items()}
        return {key: held for key, held in inside.items() if held not in ({}, [], b"", "", None)}
    return [_visible(item) for item in value] if isinstance(value, list) else value


_LEAST: dict[tuple[str, str], dict[str, Any]] = {}


def _least(model: OperationModel) -> dict[str, Any]:
    """Some legal input of an operation."""
    key = (model.service_model.service_name, model.name)
    if key not in _LEAST and model.input_shape is not None:

        @settings(_FEW, max_examples=1)
        @given(st.data())
        def draw(data: st.DataObject) -> None:
            _LEAST[key] = data.draw(inputs(model.input_shape, protocol=model.service_model.protocol))

        draw()
    return _LEAST.get(key, {})


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_requests_of_botocore_arrive(service: str, operation: str) -> None:
    """What a boto3 user wrote is what the handler sees, whatever the protocol did to it."""
    if _streams_events(botocore_model(service).operation_model(operation)):
        pytest.skip("event streams come with the next protocols")
    desk = Desk([service])

    @_FEW
    @given(st.data())
    def check(data: st.DataObject) -> None:
        _check_request(service, operation, data, desk)

    check()


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_answers_are_read_by_botocore(service: str, operation: str) -> None:
    """What the handler returned is what a boto3 user sees."""
    if _streams_events(botocore_model(service).operation_model(operation)):
        pytest.skip("event streams come with the next protocols")
    desk = Desk([service])

    @_FEW
    @given(st.data())
    def check(data: st.DataObject) -> None:
        _check_answer(service, operation, data, desk)

    check()


@pytest.mark.slow
@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_many_of_both(service: str, operation: str) -> None:
    """The same two ways, with samples large enough to find what two examples miss."""
    if _streams_events(botocore_model(service).operation_model(operation)):
        pytest.skip("event streams come with the next protocols")
    desk = Desk([service])

    @_MANY
    @given(st.data())
    def check(data: st.DataObject) -> None:
        _check_request(service, operation, data, desk)
        _check_answer(service, operation, data, desk)

    check()


ERRORS: Final = [(service, shape.name) for service in PACKAGES for shape in botocore_model(service).error_shapes]


@pytest.mark.parametrize(("service", "error"), ERRORS)
def test_errors_are_read_by_botocore(service: str, error: str) -> None:
    """SDKs decide by code and status whether to retry, and programs read the members."""
    model = botocore_model(service)
    shape = model.shape_for(error)
    operation = model.operation_names[0]
    desk = Desk([service])

    @_FEW
    @given(st.data())
    def check(data: st.DataObject) -> None:
        members: dict[str, Any] = data.draw(outputs(shape))
        for name in [name for name in members if name.lower() in {"message", "type"}]:
            del members[name]
        # A caller gives members by the model's names; inside them, builtins are under the structs' keys.
        told = {name: as_struct_tree(shape.members[name], value, top=False) for name, value in members.items()}
        desk.api.error = AnyServiceError(shape.error_code, "It went wrong & <badly>", members=told)
        response = desk.ask(request_of(service, operation, _least(model.operation_model(operation))))
        parsed = read_by_botocore(service, operation, response)
        assert parsed["Error"]["Code"] == shape.error_code
        assert parsed["Error"]["Message"] == "It went wrong & <badly>"
        raw = raw_model(service)["shapes"][error]
        status = raw.get("error", {}).get("httpStatusCode", 500 if raw.get("fault") else 400)
        assert response.status == status
        found = {name: value for name, value in parsed.items() if name in members}
        assert same(_visible(members), _visible(found)), (members, parsed, response)

    check()

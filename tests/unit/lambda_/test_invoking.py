"""Invocations: what reaches the environment, what comes back, and what is refused before."""

import base64
import re
import shutil
from typing import Any

import pytest

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    EnvironmentsClosed,
    RestoreFailed,
    UnsupportedRuntime,
)
from pileus.services.lambda_.invoking import ServiceInvocation
from pileus.services.lambda_.payloads import check_json
from pileus.services.lambda_.shapes import (
    AddPermissionRequest,
    DeleteFunctionRequest,
    Environment,
    FunctionCode,
    InvocationRequest,
    InvocationResponse,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
)
from tests.support.time import JumpingClock
from tests.unit.lambda_.conftest import ROLE, Lambda, archive, context, result

_ARN = "arn:aws:lambda:us-east-1:111111111111:function:f"


async def invoke(functions: Lambda, name: str = "f", **members: Any) -> InvocationResponse:
    return await functions.api.invoke(context(), InvocationRequest(function_name=name, **members))


async def test_the_environment_is_told_everything(functions: Lambda) -> None:
    """The spec is all that an environment knows of the function."""
    await functions.create(
        timeout=7, memory_size=256, environment=Environment(variables={"A": "a"}), code=_code("print(1)")
    )
    answer = await invoke(functions, payload=b'{"a": 1}', qualifier="$LATEST")
    assert (answer.status_code, answer.payload, answer.executed_version) == (200, b'"done"', "$LATEST")
    assert (answer.function_error, answer.log_result) == (None, None)
    spec, invocation = functions.environments.invoked[0]
    assert (spec.function_arn, spec.function_name, spec.version) == (_ARN, "f", "$LATEST")
    assert (spec.timeout.total_seconds(), spec.memory_mb, spec.environment) == (7, 256, {"A": "a"})
    assert (spec.role_arn, spec.log_group, spec.handler) == (ROLE, "/aws/lambda/f", "index.handler")
    assert (spec.code_path / "index.py").read_text() == "print(1)"
    assert (invocation.payload, invocation.request_id) == (b'{"a": 1}', "request-1")
    assert invocation.invoked_function_arn == f"{_ARN}:$LATEST"


def _code(text: str) -> FunctionCode:
    return FunctionCode(zip_file=archive({"index.py": text}))


async def test_errors_and_logs_come_back(functions: Lambda) -> None:
    """A function's error is a success of the API, with FunctionError; LogType Tail adds the log."""
    await functions.create()
    functions.environments.answers = [result(b'{"errorType":"E"}', error="Unhandled")]
    answer = await invoke(functions, log_type="Tail")
    assert (answer.status_code, answer.function_error) == (200, "Unhandled")
    assert base64.b64decode(answer.log_result or "") == b"START END REPORT"


async def test_every_invocation_has_a_trace(functions: Lambda, clock: JumpingClock) -> None:
    """A new one each time, in X-Ray's form, begun when the clock says."""
    await functions.create()
    for _ in range(2):
        await functions.api.invoke(context(), InvocationRequest(function_name="f"))
    traces = [invocation.trace_id for _, invocation in functions.environments.invoked]
    began = f"{int(clock.timestamp()):08x}"
    for trace in traces:
        assert re.fullmatch(rf"Root=1-{began}-[0-9a-f]{{24}};Parent=[0-9a-f]{{16}};Sampled=0", trace)
    assert len(set(traces)) == 2


async def test_nothing_is_an_empty_object(functions: Lambda) -> None:
    """A function that is invoked without a payload receives `{}`."""
    await functions.create()
    await invoke(functions)
    await invoke(functions, payload=b"")
    assert [invocation.payload for _, invocation in functions.environments.invoked] == [b"{}", b"{}"]


async def test_a_change_is_seen_at_once(functions: Lambda, clock: JumpingClock) -> None:
    """Whoever made it: the next invocation has the new configuration and a new revision, so a new environment."""
    await functions.create()
    await invoke(functions)
    another = functions.new_api(clock)
    await another.update_function_configuration(
        context(), UpdateFunctionConfigurationRequest(function_name="f", memory_size=512)
    )
    await invoke(functions)
    await another.update_function_code(
        context(), UpdateFunctionCodeRequest(function_name="f", zip_file=archive({"index.py": "new"}))
    )
    await invoke(functions)
    specs = [spec for spec, _ in functions.environments.invoked]
    assert [spec.memory_mb for spec in specs] == [128, 512, 512]
    assert (specs[2].code_path / "index.py").read_text() == "new"
    assert len({spec.revision for spec in specs}) == 3
    await another.delete_function(context(), DeleteFunctionRequest(function_name="f"))
    with pytest.raises(ServiceError, match=f"^Function not found: {_ARN}:\\$LATEST$"):
        await invoke(functions)


async def test_a_permission_keeps_environments_warm(functions: Lambda) -> None:
    """It changes the function's revision id, and nothing that an environment would have to know."""
    await functions.create()
    await invoke(functions)
    await functions.api.add_permission(context(), _permission())
    await invoke(functions)
    assert len({spec.revision for spec, _ in functions.environments.invoked}) == 1


async def test_missing_code_is_unpacked_again(functions: Lambda, clock: JumpingClock) -> None:
    """The directory is a cache of the blob."""
    await functions.create()
    shutil.rmtree(functions.data_dir / "code")
    await functions.new_api(clock).invoke(context(), InvocationRequest(function_name="f"))
    assert (functions.environments.invoked[0][0].code_path / "index.py").exists()


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"name": "g"}, "ResourceNotFoundException"),
        ({"qualifier": "1"}, "ResourceNotFoundException"),
        ({"qualifier": "live"}, "ResourceNotFoundException"),
        ({"payload": b"nope"}, "InvalidRequestContentException"),
        ({"payload": b"\xff"}, "InvalidRequestContentException"),
        ({"payload": b"1" * 6_291_457}, "RequestEntityTooLargeException"),
        ({"payload": b"1" * 1_048_577, "invocation_type": "Event"}, "RequestTooLargeException"),
        ({"client_context": "not base64"}, "InvalidRequestContentException"),
        ({"client_context": base64.b64encode(b"not json").decode()}, "InvalidRequestContentException"),
        ({"tenant_id": "t"}, "NotImplemented"),
    ],
)
async def test_what_is_refused(functions: Lambda, members: dict[str, Any], code: str) -> None:
    """Nothing of it reaches an environment."""
    await functions.create()
    with pytest.raises(ServiceError) as caught:
        await invoke(functions, **members)
    assert caught.value.error_code == code
    assert functions.environments.invoked == []


async def test_the_largest_payload_is_taken(functions: Lambda) -> None:
    """Six megabytes exactly."""
    await functions.create()
    assert (await invoke(functions, payload=b"1" * 6_291_456)).status_code == 200


async def test_client_context_is_decoded(functions: Lambda) -> None:
    """The header carries base64, the runtime gets JSON text."""
    await functions.create()
    await invoke(functions, client_context=base64.b64encode(b'{"custom": {}}').decode())
    assert functions.environments.invoked[0][1].client_context == '{"custom": {}}'


async def test_a_dry_run_invokes_nothing(functions: Lambda) -> None:
    """Recording lambda, test_invocation_type_dry_run: 204 and nothing else."""
    await functions.create()
    assert await invoke(functions, invocation_type="DryRun") == InvocationResponse(status_code=204)
    assert functions.environments.invoked == []


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ConcurrencyExceeded(), "TooManyRequestsException"),
        (RestoreFailed(timed_out=False), "SnapStartException"),
        (RestoreFailed(timed_out=True), "SnapStartTimeoutException"),
        (UnsupportedRuntime(), "NotImplemented"),
        (EnvironmentsClosed(), "ServiceException"),
        (AnyServiceError("AccessDenied", "the role is gone"), "AccessDeniedException"),
    ],
)
async def test_when_the_host_cannot(functions: Lambda, failure: Exception, code: str) -> None:
    """No room is AWS's throttling; a runtime that is not here, and a role that has gone, are said so."""
    await functions.create()
    functions.environments.answers = [failure]
    with pytest.raises(ServiceError) as caught:
        await invoke(functions)
    assert caught.value.error_code == code


@pytest.mark.parametrize(
    ("payload", "good"),
    [
        (b"null", True),
        (b' {"a": [1, 2.5e3, "\\ud800"]} ', True),
        ('"ä"'.encode(), True),
        (b"1e999", True),
        (b"NaN", False),
        (b"{'a': 1}", False),
        (b'{"a": 1,}', False),
        (b'"\x01"', False),
        (b'"\xff"', False),
        (b"\xef\xbb\xbf{}", False),
        (b"{} {}", False),
        (b"   ", False),
        (b"[" * 200_000, False),
    ],
)
def test_what_json_is(payload: bytes, good: bool) -> None:
    """As strict as AWS's parser; and no depth brings us down."""
    if good:
        check_json(payload)
    else:
        with pytest.raises(ServiceError) as caught:
            check_json(payload)
        assert caught.value.message.startswith("Could not parse request body into json: ")


# Other services


def _permission(**members: Any) -> AddPermissionRequest:
    given: dict[str, Any] = {
        "function_name": "f",
        "statement_id": "s",
        "action": "lambda:InvokeFunction",
        "principal": "apigateway.amazonaws.com",
        "source_arn": "arn:aws:execute-api:us-east-1:111111111111:abc/*",
    }
    return AddPermissionRequest(**(given | members))


async def for_service(functions: Lambda, **members: Any) -> ServiceInvocation:
    given: dict[str, Any] = {
        "function_arn": _ARN,
        "payload": b"{}",
        "service_principal": "apigateway.amazonaws.com",
        "source_arn": "arn:aws:execute-api:us-east-1:111111111111:abc/s/GET/",
    }
    return await functions.api.invoker.invoke(**(given | members))


async def test_a_service_needs_permission(functions: Lambda) -> None:
    """Denied until AddPermission, and denied to others after it; a change of the policy is seen at once."""
    await functions.create()
    for _ in range(2):
        with pytest.raises(ServiceError) as caught:
            await for_service(functions)
        assert caught.value.error_code == "AccessDeniedException"
    await functions.api.add_permission(context(), _permission())
    for _ in range(2):
        assert await for_service(functions) == ServiceInvocation(payload=b'"done"', function_error=None)
    for wrong in ({"service_principal": "sns.amazonaws.com"}, {"source_arn": "arn:aws:execute-api:us-east-1:1:abc/x"}):
        with pytest.raises(ServiceError) as caught:
            await for_service(functions, **wrong)
        assert caught.value.error_code == "AccessDeniedException"


@pytest.mark.parametrize("arn", [_ARN + "x", "f", f"{_ARN}:live", "arn:aws:sqs:us-east-1:111111111111:q"])
async def test_a_service_asks_for_what_is_not_there(functions: Lambda, arn: str) -> None:
    """Also for what is no function."""
    await functions.create()
    with pytest.raises(ServiceError) as caught:
        await for_service(functions, function_arn=arn)
    assert caught.value.error_code == "ResourceNotFoundException"

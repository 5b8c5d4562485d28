"""What is a client told whose write was answered, and then not kept? Its service's own failure, in its protocol."""

from typing import Final

import pytest

from pileus.kernel.http.messages import Request, Response
from pileus.kernel.wire.dialects import dialect_of
from tests.wire.harness import SERVICES, Desk, addressed, botocore_model, protocols_of, read_by_botocore, request_of

EACH: Final = [pytest.param(name, of, id=f"{name}-{of}") for name in SERVICES for of in protocols_of(name)]


@pytest.mark.parametrize(("service", "protocol"), EACH)
def test_a_lost_answer_is_a_failure_that_sdks_try_again(service: str, protocol: str) -> None:
    """Under the id of the lost answer, which the log has too; never again executed to find out."""
    operation: str = botocore_model(service).operation_names[0]
    operation = {"s3": "ListBuckets", "s3control": "CreateJob"}.get(service, operation)
    request = request_of(service, operation, addressed(service, operation), protocol=protocol)
    desk = Desk([service])
    header = "x-amz-request-id" if service == "s3" else "x-amzn-RequestId"
    told = desk.dispatcher.lost(request, Response(200, ((header, "the-id"),), b"it is done"))
    assert told is not None
    assert desk.api.context is None
    assert told.status == 500
    read = read_by_botocore(service, operation, told, protocol=protocol)
    code, internal = read["Error"]["Code"], dialect_of(service).internal_code
    if code != internal:  # in CloudWatch's newer protocols the older code, as its clients compare with that
        assert botocore_model(service).shape_for_error_code(code).name == internal
    assert read["Error"]["Message"] == "Internal server error"
    assert read["ResponseMetadata"]["RequestId"] == "the-id"


def test_what_no_service_knows_is_left_to_the_front_door() -> None:
    """A refusal has nothing to lose but the log of decisions."""
    request = Request(method="POST", target="/", headers={"x-amz-target": "Nobody.Knows"}, body=b"{}")
    assert Desk(["sqs"]).dispatcher.lost(request, Response(400)) is None


def test_an_answer_without_a_body_stays_without() -> None:
    """HEAD has none, whatever happened."""
    request = request_of("s3", "HeadObject", {"Bucket": "b", "Key": "k"})
    told = Desk(["s3"]).dispatcher.lost(request, Response(200, (("x-amz-request-id", "i"),)))
    assert told is not None
    assert (told.status, told.body, dict(told.headers)["x-amz-request-id"]) == (500, b"", "i")

"""Dashboards are kept as they were given; alarms and dashboards have tags."""

from typing import Any

import pytest

from tests.unit.cloudwatch.conftest import ACCOUNT, NOON, CloudWatch

BODY = '{"widgets":[{"type":"metric","x":0,"y":0,"width":6,"height":6,"properties":{"metrics":[]}}]}'
ARN = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d"


async def test_the_life_of_a_dashboard(cloudwatch: CloudWatch) -> None:
    """Recording test_dashboard_lifecycle; they belong to no region."""
    await cloudwatch.call("PutDashboard", DashboardName="d", DashboardBody=BODY)
    found = await cloudwatch.call("GetDashboard", region="eu-west-1", DashboardName="d")
    assert found == {"DashboardArn": ARN, "DashboardBody": BODY, "DashboardName": "d"}
    listed = await cloudwatch.call("ListDashboards", DashboardNamePrefix="d")
    assert listed["DashboardEntries"] == [
        {"DashboardArn": ARN, "DashboardName": "d", "LastModified": NOON, "Size": len(BODY)}
    ]
    assert (await cloudwatch.call("ListDashboards", DashboardNamePrefix="x"))["DashboardEntries"] == []
    error = await cloudwatch.error("DeleteDashboards", DashboardNames=["d", "x"])
    assert error == "ResourceNotFound: Dashboard x does not exist"
    await cloudwatch.call("DeleteDashboards", DashboardNames=["d"])
    assert (await cloudwatch.call("ListDashboards"))["DashboardEntries"] == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("", ""),
        ("[]", ""),
        ("[" * 5_000, ""),
        ('{"widgets": 1}', "/widgets"),
        ('{"widgets": [1]}', "/widgets/0"),
        ('{"widgets": [{"type": "metric"}]}', "/widgets/0"),
        ('{"widgets": [{"type": "text", "properties": {}, "width": 25}]}', "/widgets/0/width"),
    ],
)
async def test_bodies_that_are_wrong(cloudwatch: CloudWatch, body: str, path: str) -> None:
    """The answer says where."""
    error = await cloudwatch.error("PutDashboard", DashboardName="d", DashboardBody=body)
    assert error.startswith("InvalidParameterInput: The dashboard body is invalid, there are 1 validation errors:")
    assert f'"dataPath": "{path}"' in error


async def test_names_that_are_wrong(cloudwatch: CloudWatch) -> None:
    """Recording test_invalid_dashboard_name."""
    assert await cloudwatch.error("PutDashboard", DashboardName="a b", DashboardBody="{}") == (
        "InvalidParameterValue: The value for field DashboardName contains invalid characters. "
        "It can only contain alphanumerics, dash (-) and underscore (_).\n"
    )


async def test_tags(cloudwatch: CloudWatch) -> None:
    """Recordings test_tagging_metric_alarm and test_tagging_composite_alarm."""
    given = [{"Key": "Environment", "Value": "Production"}]
    await cloudwatch.call("PutCompositeAlarm", AlarmName="a", AlarmRule="TRUE", Tags=given)
    await cloudwatch.call("PutDashboard", DashboardName="d", DashboardBody="{}", Tags=given)
    more: list[dict[str, Any]] = [{"Key": "tag1", "Value": "foo"}, {"Key": "tag2", "Value": "bar"}]
    for arn in (f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:a", ARN):
        await cloudwatch.call("TagResource", ResourceARN=arn, Tags=more)
        assert (await cloudwatch.call("ListTagsForResource", ResourceARN=arn))["Tags"] == [*given, *more]
        await cloudwatch.call("UntagResource", ResourceARN=arn, TagKeys=["tag1", "other"])
        assert (await cloudwatch.call("ListTagsForResource", ResourceARN=arn))["Tags"] == [*given, more[1]]
        missing = f"{arn}x"
        assert (await cloudwatch.call("ListTagsForResource", ResourceARN=missing))["Tags"] == []
        error = await cloudwatch.error("TagResource", ResourceARN=missing, Tags=more)
        assert error.startswith("ResourceNotFoundException")
    for wrong in ("alarm", "arn:aws:sqs:us-east-1:111111111111:q", "arn:aws:cloudwatch:us-east-1:111111111111:x"):
        error = await cloudwatch.error("TagResource", ResourceARN=wrong, Tags=more)
        assert error.startswith("InvalidParameterValue")

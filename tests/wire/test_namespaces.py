"""XML says to which service's schema it belongs: strict readers (SOAP's heirs, XPath with namespaces) look for that."""

from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from pileus.kernel.http.messages import Response
from tests.wire.harness import Desk, of_body, request_of, shapes_of

S3 = "http://s3.amazonaws.com/doc/2006-03-01/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def _answered(
    service: str, operation: str, given: dict[str, Any], tree: dict[str, Any], *, protocol: str = ""
) -> bytes:
    desk = Desk([service])
    output = shapes_of(service)[operation][1]
    assert output is not None
    desk.api.output = msgspec.convert(tree, output)
    response: Response = desk.ask(request_of(service, operation, given, protocol=protocol))
    assert response.status == 200
    assert isinstance(response.body, bytes)
    return response.body


@pytest.mark.parametrize(
    ("service", "operation", "given", "tree", "namespace"),
    [
        # The sample responses of each service's API reference.
        ("cloudformation", "ListExports", {}, {}, "http://cloudformation.amazonaws.com/doc/2010-05-15/"),
        ("cloudwatch", "ListMetrics", {}, {}, "http://monitoring.amazonaws.com/doc/2010-08-01/"),
        ("ec2", "DescribeVpcs", {}, {}, "http://ec2.amazonaws.com/doc/2016-11-15/"),
        (
            "elbv2",
            "DescribeTags",
            {"ResourceArns": []},
            {},
            "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
        ),
        ("iam", "ListAccountAliases", {}, {"AccountAliases": ["alias"]}, "https://iam.amazonaws.com/doc/2010-05-08/"),
        ("rds", "DescribeEvents", {}, {}, "http://rds.amazonaws.com/doc/2014-10-31/"),
        ("sns", "ListTopics", {}, {}, "http://sns.amazonaws.com/doc/2010-03-31/"),
        ("sqs", "ListQueues", {}, {}, "http://queue.amazonaws.com/doc/2012-11-05/"),
        ("sts", "GetCallerIdentity", {}, {}, "https://sts.amazonaws.com/doc/2011-06-15/"),
    ],
)
def test_forms(service: str, operation: str, given: dict[str, Any], tree: dict[str, Any], namespace: str) -> None:
    """The root is the operation's response, and all inside is of the same schema."""
    protocol = "ec2" if service == "ec2" else "query"
    root = ElementTree.fromstring(_answered(service, operation, given, tree, protocol=protocol))
    assert root.tag == f"{{{namespace}}}{operation}Response"
    assert all(element.tag.startswith(f"{{{namespace}}}") for element in root.iter())


@pytest.mark.parametrize(
    ("service", "operation", "given", "tree", "root"),
    [
        ("s3", "ListBuckets", {}, {"Buckets": [{"Name": "b"}]}, f"{{{S3}}}ListAllMyBucketsResult"),
        ("s3", "GetBucketTagging", {"Bucket": "b"}, {"TagSet": [{"Key": "k", "Value": "v"}]}, f"{{{S3}}}Tagging"),
        (
            *("route53", "GetHostedZoneCount", {}, {"HostedZoneCount": 1}),
            "{https://route53.amazonaws.com/doc/2013-04-01/}GetHostedZoneCountResponse",
        ),
        (
            *("cloudfront", "ListDistributions", {}),
            {"DistributionList": {"Marker": "", "MaxItems": 1, "IsTruncated": False, "Quantity": 0}},
            "{http://cloudfront.amazonaws.com/doc/2020-05-31/}DistributionList",
        ),
        (
            *("s3control", "ListRegionalBuckets", {"AccountId": "111111111111"}, {}),
            "{http://awss3control.amazonaws.com/doc/2018-08-20/}ListRegionalBucketsResult",
        ),
    ],
)
def test_rest(service: str, operation: str, given: dict[str, Any], tree: dict[str, Any], root: str) -> None:
    """The root has the name that the service's samples show, which is not always the output shape's."""
    found = ElementTree.fromstring(_answered(service, operation, given, tree))
    assert found.tag == root
    namespace = root.partition("}")[0]
    assert all(element.tag.startswith(namespace) for element in found.iter())


def test_an_attribute_with_a_namespace_of_its_own() -> None:
    """A grantee's type is an attribute of XML Schema's (S3 API Reference, GetBucketAcl)."""
    grants = [
        {"Grantee": {"xsi:type": "CanonicalUser", "ID": "7f"}, "Permission": "FULL_CONTROL"},
        {"Grantee": {"xsi:type": "Group", "URI": 'http://a/"<&>'}, "Permission": "READ"},
    ]
    body = _answered("s3", "GetBucketAcl", {"Bucket": "b"}, {"Owner": {"ID": "7f"}, "AccessControlList": grants})
    assert (
        b'<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>7f</ID>'
        b"</Grantee><Permission>FULL_CONTROL</Permission></Grant>"
    ) in body
    root = ElementTree.fromstring(body)
    grantees = root.findall(f".//{{{S3}}}Grantee")
    assert [grantee.get(f"{{{XSI}}}type") for grantee in grantees] == ["CanonicalUser", "Group"]
    assert grantees[1].findtext(f"{{{S3}}}URI") == 'http://a/"<&>'


@pytest.mark.parametrize("prefix", ["xsi", "i"])
@pytest.mark.parametrize("quote", ['"', "'"])
def test_an_attribute_is_read_by_its_meaning(prefix: str, quote: str) -> None:
    """The prefix is the writer's choice, and so are the quotes."""
    desk = Desk(["s3"])
    request = request_of("s3", "PutBucketAcl", {"Bucket": "b"})
    request.body = (
        f'<AccessControlPolicy xmlns="{S3}"><AccessControlList><Grant><Grantee xmlns:{prefix}="{XSI}" '
        f"{prefix}:type={quote}Group{quote}><URI>u</URI></Grantee><Permission>READ</Permission></Grant>"
        "</AccessControlList><Owner><ID>7f</ID></Owner></AccessControlPolicy>"
    ).encode()
    request.headers = {**request.headers, **of_body(request.target, request.body)}
    desk.ask(request)
    (grant,) = desk.api.given.access_control_policy.grants
    assert (grant.grantee.type, grant.grantee.uri) == ("Group", "u")

"""XML that arrives: in pieces, in odd dress, and with bad intentions."""

import pytest

from pileus.kernel.http.messages import Request, Response
from pileus.kernel.wire.text_values import NotReadable
from pileus.kernel.wire.xml_tree import Element, XmlReader, read_xml
from tests.wire.harness import Desk, authorization, of_body, read_by_botocore

DELETE = b"""<?xml version="1.0" encoding="UTF-8"?>
<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Object><Key>a &amp; <![CDATA[<b>]]> \xc3\xbc&#x41;</Key></Object>
  <!-- a comment --><Object><Key>b</Key><VersionId></VersionId></Object>
  <Quiet> true </Quiet>
</Delete>"""


def s3(method: str, target: str, body: bytes = b"", **headers: str) -> Request:
    own = {name.replace("_", "-"): value for name, value in headers.items()}
    signed = {"host": "localhost:4566", "authorization": authorization("s3")}
    return Request(method=method, target=target, headers=signed | of_body(target, body) | own, body=body)


def code_of(response: Response) -> str:
    code: str = read_by_botocore("s3", "ListBuckets", response)["Error"]["Code"]
    return code


def test_bytes_arrive_one_at_a_time() -> None:
    """A tree does not depend on how the network cut its text."""
    reader = XmlReader()
    for n in range(len(DELETE)):
        reader.feed(DELETE[n : n + 1])
    whole = read_xml(DELETE)
    assert reader.close() == whole
    assert whole.children[0].children[0].text == "a & <b> üA"


def test_a_body_is_read() -> None:
    """With a declaration, comments, blanks, entities and elements that the model does not know."""
    desk = Desk(["s3"])
    body = DELETE.replace(b"</Delete>", b"<Later><Than>we</Than></Later></Delete>")
    assert desk.ask(s3("POST", "/bucket?delete", body)).status == 200
    assert [(item.key, item.version_id) for item in desk.api.given.delete.objects] == [("a & <b> üA", None), ("b", "")]
    assert desk.api.given.delete.quiet is True


@pytest.mark.parametrize(
    "body",
    [
        b"<Delete",
        b"<Delete>",
        b"</Delete>",
        b"<Delete></Other>",
        b"text",
        b"\xff\xfe\x00",
        b"<Delete>\xff</Delete>",
        b"<Delete/><Delete/>",
        b"<Delete>&unknown;</Delete>",
        b"<x:Delete/>",
        b"<Other/>",
        b"<Delete><Object><Key><a/></Key></Object></Delete>",
        b"<Delete><Quiet>perhaps</Quiet><Object><Key>a</Key></Object></Delete>",
        b"<Delete/>",
        b'<?xml version="1.0" encoding="ebcdic-nothing"?><Delete/>',
        b'<!DOCTYPE Delete SYSTEM "file:///etc/passwd"><Delete/>',
        b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Delete>&b;</Delete>',
        b"<a>" * 40_000,
        b"<Delete>" * 200 + b"</Delete>" * 200,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_must_not_be_read(body: bytes) -> None:
    """Malformed, of another schema, with a document type, or nested without end: MalformedXML, never a 500."""
    response = Desk(["s3"]).ask(s3("POST", "/bucket?delete", body))
    assert response.status == 400
    assert code_of(response) == "MalformedXML"


def test_a_namespace_may_have_any_prefix() -> None:
    """Clients differ in how they say what an element is."""
    desk = Desk(["s3"])
    body = (
        b'<s:AccessControlPolicy xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/" xmlns:x="http://www.w3.org/2001/'
        b'XMLSchema-instance"><s:AccessControlList><s:Grant><s:Grantee x:type="CanonicalUser"><s:ID>1</s:ID>'
        b"</s:Grantee><s:Permission>READ</s:Permission></s:Grant></s:AccessControlList></s:AccessControlPolicy>"
    )
    assert desk.ask(s3("PUT", "/bucket?acl", body)).status == 200
    grant = desk.api.given.access_control_policy.grants[0]
    assert (grant.grantee.type, grant.grantee.id, grant.permission) == ("CanonicalUser", "1", "READ")


@pytest.mark.parametrize("body", [b"", b"<a", b"<a>&#0;</a>", b"<a>\x00</a>"])
def test_no_tree(body: bytes) -> None:
    """The reader alone says no in one way."""
    with pytest.raises(NotReadable):
        read_xml(body)


def test_an_element_shows_itself() -> None:
    """Local names only, for elements and attributes."""
    root = read_xml(b'<p:a xmlns:p="u" p:b="1" c="2">x<d/>y</p:a>')
    assert root == Element("a", {"b": "1", "c": "2"}, [Element("d", {})], "xy")


def route53(body: bytes) -> Response:
    headers = {"authorization": authorization("route53")}
    return Desk(["route53"]).ask(Request(method="POST", target="/2013-04-01/hostedzone", headers=headers, body=body))


def test_other_services_have_an_envelope() -> None:
    """Route 53 wraps its errors, and counts violations as the JSON services do."""
    response = route53(b"<CreateHostedZoneRequest><Name>a</Name></CreateHostedZoneRequest>")
    assert isinstance(response.body, bytes)
    told = (
        b"<Error><Type>Sender</Type><Code>InvalidInput</Code><Message>1 validation error detected: Value null at "
        b"'callerReference' failed to satisfy constraint: Member must not be null</Message></Error>"
    )
    assert told in response.body
    assert response.body.startswith(
        b'<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
    )
    assert b"<Code>MalformedXML</Code>" in bytes(route53(b"<a").body)  # type: ignore[arg-type]

"""Is the metadata of an identity provider read, and everything else refused unharmed?"""

import base64
from datetime import UTC, datetime

import pytest

from pileus.services.iam.errors import InvalidInput
from pileus.services.iam.saml_metadata import parse_metadata
from tests.unit.iam.certificates import Issued, self_signed

METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"


@pytest.fixture(scope="module")
def issued() -> Issued:
    return self_signed("idp.example.com")


def document(
    issued: Issued, *, attributes: str = "", use: str = ' use="signing"', role: str = "IDPSSODescriptor", head: str = ""
) -> str:
    certificate = base64.encodebytes(issued.der).decode()
    return f"""{head}<md:EntityDescriptor xmlns:md="{METADATA}" entityID="https://idp.example.com/" {attributes}>
      <md:{role} protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <md:KeyDescriptor{use}>
          <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
            <ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>
          </ds:KeyInfo>
        </md:KeyDescriptor>
        <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://i/sso"/>
      </md:{role}>
    </md:EntityDescriptor>"""


def test_what_it_says(issued: Issued) -> None:
    """Who speaks, until when, and by which keys."""
    metadata = parse_metadata(document(issued, attributes='validUntil="2030-01-02T03:04:05Z"'))
    assert metadata.entity_id == "https://idp.example.com/"
    assert metadata.valid_until == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert metadata.signing_certificates == (issued.der,)


def test_a_key_for_everything_signs_too(issued: Issued) -> None:
    """`use` may be left out (SAML metadata, section 2.4.1.1); an end may be left out as well."""
    metadata = parse_metadata(document(issued, use=""))
    assert metadata.signing_certificates == (issued.der,)
    assert metadata.valid_until is None


def bomb() -> str:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    return f'<!DOCTYPE x [<!ENTITY l0 "lol">{entities}]>'


@pytest.mark.parametrize(
    "head",
    [
        bomb(),
        '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
        "<!DOCTYPE x>",
    ],
)
def test_a_document_type_is_refused(issued: Issued, head: str) -> None:
    """Nothing is expanded, nothing is fetched."""
    with pytest.raises(InvalidInput):
        parse_metadata(document(issued, head=head))


def test_what_is_no_identity_provider(issued: Issued) -> None:
    """Everything is answered in the same words."""
    deep = "<a>" * 10_000
    for text in (
        "",
        "no xml",
        "<a/>",
        deep,
        document(issued)[:-10],
        document(issued, role="SPSSODescriptor"),
        document(issued, use=' use="encryption"'),
        document(issued, attributes='validUntil="tomorrow"'),
        document(issued, attributes='validUntil="0001-01-01T00:00:00+23:59"'),
        document(issued, attributes='validUntil="9999-12-31T23:59:59-23:59"'),
        document(issued).replace("https://idp.example.com/", ""),
        document(issued).replace("MII", "AAA"),
        document(issued).replace("MII", "!!!"),
        document(issued).replace(METADATA, "urn:other"),
        document(issued).replace("</md:EntityDescriptor>", "\x00</md:EntityDescriptor>"),
        f'<md:EntitiesDescriptor xmlns:md="{METADATA}">{document(issued)}</md:EntitiesDescriptor>',
    ):
        with pytest.raises(InvalidInput, match="Could not parse metadata"):
            parse_metadata(text)

"""What does a SAML response say, once its signature is believed?

Only what was signed is read: the verifier hands back the canonical form of the signed element, and everything else in
the document is forgotten, so that an assertion cannot be wrapped into somebody else's. A document type, and with it
every entity, is refused and never expanded; the network is not asked. SHA-1 is not accepted any more.

XML signatures need lxml and signxml, which are not small; they come with the extra `pileus[saml]`.

Source: SAML V2.0 Core (OASIS); IAM User Guide, "Configure SAML assertions for the authentication response".
"""

import base64
import binascii
import re
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.sts.errors import IdpRejectedClaim, InvalidIdentityToken

if TYPE_CHECKING:
    from lxml.etree import _Element

_ASSERTION: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_PROTOCOL: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
_BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_FORMATS: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_INVALID: Final = "Your request included an invalid SAML response"


class Assertion(msgspec.Struct, frozen=True, kw_only=True):
    """A verified assertion. Moments are None when the assertion does not say.

    recipient, redeem_before: of the bearer's confirmation. subject_type: `transient`, `persistent` or a whole URI.
    attributes: values by name, in the order given. session_ends: what the provider says of its own session.
    """

    issuer: str
    issued_at: datetime
    subject: str
    subject_type: str
    recipient: str
    redeem_before: datetime | None
    not_before: datetime | None
    not_after: datetime | None
    audiences: tuple[str, ...]
    session_ends: datetime | None
    attributes: dict[str, tuple[str, ...]]


def read_response(encoded: str, *, certificates: Sequence[bytes], now: datetime) -> Assertion:
    """The assertion in a response that one of the certificates (DER) signed; InvalidIdentityToken, IdpRejectedClaim.

    now: by which certificates expire.
    """
    try:
        document = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidIdentityToken("Invalid base64 SAMLResponse") from None
    response = _parsed(document)
    if response.tag != f"{_PROTOCOL}Response":
        raise InvalidIdentityToken(_INVALID)
    status = response.find(f"./{_PROTOCOL}Status/{_PROTOCOL}StatusCode")
    if status is None or status.get("Value") != _SUCCESS:
        raise IdpRejectedClaim("The identity provider reported that authentication failed")
    if response.find(f"./{_ASSERTION}EncryptedAssertion") is not None:
        raise NotImplementedByPileus("encrypted SAML assertions are not implemented")
    return _assertion(_signed_assertion(response, certificates, now))


def _parsed(document: bytes) -> "_Element":
    try:
        from lxml import etree
    except ImportError:
        raise _extra_missing() from None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        response = etree.fromstring(document, parser=parser)
    except (etree.XMLSyntaxError, ValueError):
        raise InvalidIdentityToken(_INVALID) from None
    if response.getroottree().docinfo.internalDTD is not None:
        raise InvalidIdentityToken(_INVALID)
    return response


def _signed_assertion(response: "_Element", certificates: Sequence[bytes], now: datetime) -> "_Element":
    """The one assertion that is signed, or that stands in a signed response."""
    for certificate in certificates:
        for location in ("./", f"./{_ASSERTION}Assertion/"):
            signed = _signed(response, certificate, location, now)
            if signed is None:
                continue
            found = [signed] if signed.tag == f"{_ASSERTION}Assertion" else signed.findall(f"./{_ASSERTION}Assertion")
            if len(found) == 1:
                return found[0]
    raise InvalidIdentityToken("Response signature invalid")


def _signed(response: "_Element", certificate: bytes, location: str, now: datetime) -> "_Element | None":
    """What the signature at `location` is of; None when there is none, or it is not this certificate's."""
    try:
        from signxml.algorithms import DigestAlgorithm, SignatureMethod
        from signxml.exceptions import SignXMLException
        from signxml.verifier import SignatureConfiguration, XMLVerifier
    except ImportError:
        raise _extra_missing() from None
    expected = SignatureConfiguration(
        location=location,
        signature_methods=frozenset(
            {
                SignatureMethod.RSA_SHA256,
                SignatureMethod.RSA_SHA384,
                SignatureMethod.RSA_SHA512,
                SignatureMethod.ECDSA_SHA256,
                SignatureMethod.ECDSA_SHA384,
                SignatureMethod.ECDSA_SHA512,
                SignatureMethod.SHA256_RSA_MGF1,
                SignatureMethod.SHA384_RSA_MGF1,
                SignatureMethod.SHA512_RSA_MGF1,
            }
        ),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}),
        verification_time=now,
    )
    try:
        result = XMLVerifier().verify(
            response, x509_cert=ssl.DER_cert_to_PEM_cert(certificate), id_attribute="ID", expect_config=expected
        )
    except (SignXMLException, ValueError):
        return None
    assert not isinstance(result, list), "one reference is expected, so one result comes"
    signed = result.signed_xml
    if signed is None or signed.tag not in (f"{_ASSERTION}Assertion", f"{_PROTOCOL}Response"):
        return None
    return signed


def _assertion(assertion: "_Element") -> Assertion:
    name_id = assertion.find(f"./{_ASSERTION}Subject/{_ASSERTION}NameID")
    confirmation = next(
        (
            data
            for method in assertion.findall(f"./{_ASSERTION}Subject/{_ASSERTION}SubjectConfirmation")
            if method.get("Method") == _BEARER
            and (data := method.find(f"./{_ASSERTION}SubjectConfirmationData")) is not None
        ),
        None,
    )
    issuer = _text(assertion.find(f"./{_ASSERTION}Issuer"))
    issued_at = _moment(assertion.get("IssueInstant"))
    if name_id is None or confirmation is None or not issuer or issued_at is None:
        raise InvalidIdentityToken(_INVALID)
    conditions = assertion.find(f"./{_ASSERTION}Conditions")
    restriction = f"./{_ASSERTION}Conditions/{_ASSERTION}AudienceRestriction/{_ASSERTION}Audience"
    statement = assertion.find(f"./{_ASSERTION}AuthnStatement")
    return Assertion(
        issuer=issuer,
        issued_at=issued_at,
        subject=_text(name_id),
        subject_type=(name_id.get("Format") or "").removeprefix(_FORMATS),
        recipient=confirmation.get("Recipient") or "",
        redeem_before=_moment(confirmation.get("NotOnOrAfter")),
        not_before=None if conditions is None else _moment(conditions.get("NotBefore")),
        not_after=None if conditions is None else _moment(conditions.get("NotOnOrAfter")),
        audiences=tuple(_text(audience) for audience in assertion.findall(restriction)),
        session_ends=None if statement is None else _moment(statement.get("SessionNotOnOrAfter")),
        attributes=_attributes(assertion),
    )


def _attributes(assertion: "_Element") -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for attribute in assertion.findall(f"./{_ASSERTION}AttributeStatement/{_ASSERTION}Attribute"):
        name = attribute.get("Name") or ""
        values = tuple(_text(value) for value in attribute.findall(f"./{_ASSERTION}AttributeValue"))
        found[name] = found.get(name, ()) + values
    return found


def _text(element: "_Element | None") -> str:
    """All of it: there are no comments in what was signed that could cut it short."""
    return "" if element is None else "".join(map(str, element.itertext())).strip()


def _moment(text: str | None) -> datetime | None:
    """A moment of XML Schema, in UTC unless it says otherwise; InvalidIdentityToken when it is none."""
    if text is None:
        return None
    matched = _MOMENT.fullmatch(text.strip())
    try:
        if matched is None:
            raise ValueError
        return datetime.fromisoformat(matched[1] + (matched[3] or "Z")).astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: before the first year or after the last
        raise InvalidIdentityToken(_INVALID) from None


def _extra_missing() -> NotImplementedByPileus:
    return NotImplementedByPileus("AssumeRoleWithSAML needs the extra `saml`: pip install 'pileus[saml]'")

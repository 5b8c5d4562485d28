"""Who becomes a role because a SAML identity provider vouches for them?"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.services.sts import shapes
from pileus.services.sts.errors import InvalidIdentityToken
from tests.unit.sts.sts import ACCOUNT, READER, Role, Saml, Sts, facts_of, trusting

PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"
ENTITY = "https://idp.example.com/saml"
ACTION = "sts:AssumeRoleWithSAML"
SIGN_IN = "https://signin.aws.amazon.com/saml"
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"


class Idp:
    """Signs assertions."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365))
        )
        self.certificate = builder.sign(self.key, hashes.SHA256())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def sign(self, element: etree._Element) -> etree._Element:
        """Enveloped, where the placeholder is."""
        signer = XMLSigner(
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
        )
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        signed = signer.sign(element, key=self.key, cert=pem, reference_uri=element.get("ID"))
        assert isinstance(signed, etree._Element)
        return signed


@pytest.fixture(scope="module")
def idp() -> Idp:
    """Its key takes a moment to make."""
    return Idp()


@dataclass(kw_only=True)
class Says:
    """What the assertion says; a good one unless it is changed."""

    now: datetime
    issuer: str = ENTITY
    subject: str = "ada@example.com"
    recipient: str = SIGN_IN
    audience: str = "urn:amazon:webservices"
    issued: timedelta = timedelta()
    ends: timedelta = timedelta(minutes=5)
    session_ends: timedelta | None = None
    status: str = "Success"
    attributes: dict[str, list[str]] = field(
        default_factory=lambda: {
            f"{ATTRIBUTES}Role": [f"{READER},{PROVIDER}"],
            f"{ATTRIBUTES}RoleSessionName": ["ada"],
        }
    )

    def at(self, offset: timedelta) -> str:
        return (self.now + offset).strftime("%Y-%m-%dT%H:%M:%S.123Z")

    def assertion(self, identifier: str = "_a") -> etree._Element:
        session = "" if self.session_ends is None else f' SessionNotOnOrAfter="{self.at(self.session_ends)}"'
        attributes = "".join(
            f'<Attribute Name="{name}">'
            + "".join(f"<AttributeValue>{value}</AttributeValue>" for value in values)
            + "</Attribute>"
            for name, values in self.attributes.items()
        )
        return etree.fromstring(
            f'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="{identifier}" Version="2.0" '
            f'IssueInstant="{self.at(self.issued)}"><Issuer>{self.issuer}</Issuer>'
            '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"></ds:Signature>'
            f'<Subject><NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{self.subject}</NameID>'
            '<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<SubjectConfirmationData NotOnOrAfter="{self.at(self.ends)}" Recipient="{self.recipient}"/>'
            f'</SubjectConfirmation></Subject><Conditions NotBefore="{self.at(self.issued)}" '
            f'NotOnOrAfter="{self.at(self.ends)}"><AudienceRestriction><Audience>{self.audience}</Audience>'
            f"</AudienceRestriction></Conditions><AuthnStatement{session}/>"
            f"<AttributeStatement>{attributes}</AttributeStatement></Assertion>"
        )

    def encoded(self, idp: Idp) -> bytes:
        """A whole response, its assertion signed."""
        return etree.tostring(self.response(idp.sign(self.assertion())))

    def response(self, *assertions: etree._Element, signed_here: bool = False) -> etree._Element:
        placeholder = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"></ds:Signature>'
        response = etree.fromstring(
            f'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r" Version="2.0">'
            f"{placeholder if signed_here else ''}"
            f'<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{self.status}"/></samlp:Status>'
            "</samlp:Response>"
        )
        response.extend(assertions)
        return response


def unsigned(assertion: etree._Element) -> etree._Element:
    """Without the place for a signature."""
    for placeholder in assertion.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
        assertion.remove(placeholder)
    return assertion


class Door:
    """STS with one registered provider."""

    def __init__(self, idp: Idp, role: Role | None = None) -> None:
        self.idp = idp
        self.sts = Sts(role or trusting({"Federated": PROVIDER}, ACTION))
        self.sts.kept.saml[PROVIDER] = Saml(entity_id=ENTITY, signing_certificates=(idp.der,))

    def says(self, **changes: object) -> Says:
        return Says(now=self.sts.clock.now(), **changes)  # type: ignore[arg-type]  # names of its own fields

    def good(self, says: Says | None = None) -> bytes:
        return (says or self.says()).encoded(self.idp)

    async def assume(self, document: bytes, **more: object) -> shapes.AssumeRoleWithSAMLResponse:
        parameters: dict[str, object] = {"role_arn": READER, "principal_arn": PROVIDER, **more}
        request = shapes.AssumeRoleWithSAMLRequest(
            saml_assertion=base64.b64encode(document).decode(),
            **parameters,  # type: ignore[arg-type]  # names of its own fields
        )
        return await self.sts.api.assume_role_with_saml(self.sts.context, request)

    async def refuses(self, document: bytes, **more: object) -> tuple[str, str]:
        with pytest.raises(ServiceError) as caught:
            await self.assume(document, **more)
        # Clients hear no reason; the log of decisions does.
        assert (caught.value.denial is not None) is (caught.value.error_code == "AccessDenied")
        return caught.value.error_code, caught.value.message


async def test_a_saml_identity_becomes_a_role(idp: Idp) -> None:
    """With AWS's fields; the session is named by the assertion."""
    door = Door(idp)
    answer = await door.assume(door.good())
    assert answer.assumed_role_user == shapes.AssumedRoleUser(
        assumed_role_id="AROAREADER:ada", arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/ada"
    )
    assert (answer.subject, answer.subject_type) == ("ada@example.com", "persistent")
    assert (answer.issuer, answer.audience) == (ENTITY, SIGN_IN)
    assert answer.packed_policy_size is None
    assert door.sts.lasts(answer.credentials) == 3_600
    facts = facts_of(door.sts.opened(answer.credentials))
    assert (facts.role_arn, facts.federated_provider) == (READER, PROVIDER)
    assert facts.context["saml:sub"] == "ada@example.com"
    assert facts.context["saml:namequalifier"] == answer.name_qualifier


async def test_a_signed_response_will_do(idp: Idp) -> None:
    """Then everything in it is signed."""
    door = Door(idp)
    says = door.says()
    response = says.response(unsigned(says.assertion()), signed_here=True)
    await door.assume(etree.tostring(idp.sign(response)))


async def test_any_of_the_providers_keys_will_do(idp: Idp) -> None:
    """Keys are rotated; the metadata then names two."""
    door = Door(idp)
    door.sts.kept.saml[PROVIDER] = Saml(entity_id=ENTITY, signing_certificates=(Idp().der, idp.der))
    await door.assume(door.good())


def wrapped_around(door: Door) -> bytes:
    """Somebody else's assertion in front, the signed one behind it."""
    evil, good = door.says(subject="eve@example.com"), door.idp.sign(door.says().assertion())
    return etree.tostring(door.says().response(unsigned(evil.assertion("_evil")), good))


def wrapped_inside(door: Door) -> bytes:
    """The signed assertion hidden within another one, to whose signature it belongs."""
    good = door.idp.sign(door.says().assertion())
    evil = unsigned(door.says(subject="eve@example.com").assertion("_evil"))
    signature = good.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert signature is not None
    evil.insert(1, signature)
    hidden = etree.SubElement(evil, "Extension")
    hidden.append(good)
    return etree.tostring(door.says().response(evil))


def changed(door: Door) -> bytes:
    return door.good().replace(b"ada@example.com", b"eve@example.com")


def of_another(door: Door) -> bytes:
    return door.says().encoded(Idp())


def of_nobody(door: Door) -> bytes:
    says = door.says()
    return etree.tostring(says.response(unsigned(says.assertion())))


@pytest.mark.parametrize("forge", [changed, of_another, of_nobody])
async def test_forged_assertions(idp: Idp, forge: Callable[[Door], bytes]) -> None:
    """Changed after it was signed, signed by another, not signed."""
    door = Door(idp)
    assert await door.refuses(forge(door)) == ("InvalidIdentityToken", "Response signature invalid")


@pytest.mark.parametrize("wrap", [wrapped_around, wrapped_inside])
async def test_wrapped_assertions(idp: Idp, wrap: Callable[[Door], bytes]) -> None:
    """Whoever is let in is who was signed for, or nobody is."""
    door = Door(idp)
    try:
        answer = await door.assume(wrap(door))
    except InvalidIdentityToken:
        return
    assert answer.subject == "ada@example.com"


async def test_a_comment_does_not_cut_a_name_short(idp: Idp) -> None:
    """`ada@example.com<!---->.evil.com` is one name, and it is what was signed."""
    door = Door(idp)
    cut = door.good(door.says(subject="ada@example.com.evil.com")).replace(b".com.evil", b".com<!---->.evil")
    assert (await door.assume(cut)).subject == "ada@example.com.evil.com"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"no xml",
        b"<Response/>",
        b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>',
        '<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>'.encode("utf-16"),
        b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>',
        b"<r>" * 5_000,
    ],
)
async def test_what_is_no_response(idp: Idp, document: bytes) -> None:
    """Refused alike; no entity is expanded, no file read."""
    code, message = await Door(idp).refuses(document)
    assert (code, message) == ("InvalidIdentityToken", "Your request included an invalid SAML response")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
async def test_moments_outside_of_time(idp: Idp, moment: str) -> None:
    """Well-formed, but in UTC no year has them: the assertion's mistake, no internal error."""

    class Outside(Says):
        def at(self, offset: timedelta) -> str:
            return moment

    door = Door(idp)
    code, message = await door.refuses(Outside(now=datetime.now(UTC)).encoded(idp))
    assert (code, message) == ("InvalidIdentityToken", "Your request included an invalid SAML response")


async def test_no_base64(idp: Idp) -> None:
    door = Door(idp)
    request = shapes.AssumeRoleWithSAMLRequest(role_arn=READER, principal_arn=PROVIDER, saml_assertion="<Response/>")
    with pytest.raises(ServiceError, match="Invalid base64 SAMLResponse"):
        await door.sts.api.assume_role_with_saml(door.sts.context, request)


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"issuer": "https://other.example.com"}, "InvalidIdentityToken", "Issuer not present in specified provider"),
        ({"issued": timedelta(minutes=-6)}, "ExpiredTokenException", "Token must be redeemed within 5 minutes"),
        ({"ends": timedelta(seconds=-1)}, "ExpiredTokenException", "Token must be redeemed within 5 minutes"),
        ({"issued": timedelta(minutes=6)}, "InvalidIdentityToken", "not valid yet"),
        ({"recipient": "https://other.example.com"}, "InvalidIdentityToken", "Recipient"),
        ({"recipient": "https://signin.aws.amazon.com.evil.com/saml"}, "InvalidIdentityToken", "Recipient"),
        ({"audience": "urn:other"}, "InvalidIdentityToken", "Audience"),
        ({"status": "Responder"}, "IDPRejectedClaim", "authentication failed"),
        ({"attributes": {}}, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML"),
        (
            {"attributes": {f"{ATTRIBUTES}Role": [f"{READER},{PROVIDER}"]}},
            "InvalidIdentityToken",
            "RoleSessionName is required",
        ),
        (
            {"attributes": {f"{ATTRIBUTES}Role": [f"{READER},{PROVIDER}"], f"{ATTRIBUTES}RoleSessionName": ["a b"]}},
            "InvalidIdentityToken",
            "must match",
        ),
        (
            {"attributes": {f"{ATTRIBUTES}Role": [f"{READER}2,{PROVIDER}"], f"{ATTRIBUTES}RoleSessionName": ["ada"]}},
            "AccessDenied",
            "Not authorized",
        ),
    ],
)
async def test_what_an_assertion_must_say(idp: Idp, changes: dict[str, object], code: str, message: str) -> None:
    """Whose it is, when, for whom, and that its user may have this role."""
    door = Door(idp)
    refused = await door.refuses(door.good(door.says(**changes)))
    assert refused[0] == code
    assert message in refused[1]


async def test_a_provider_that_is_not_there(idp: Idp) -> None:
    """In AWS's words."""
    door = Door(idp)
    refused = await door.refuses(door.good(), principal_arn=PROVIDER + "2")
    assert refused == ("InvalidIdentityToken", "Specified provider doesn't exist")


async def test_the_role_is_asked(idp: Idp) -> None:
    """With the keys that SAML guides use; the pair of ARNs may come in the other order."""
    door = Door(idp, trusting({"Federated": PROVIDER}, ACTION, Condition={"StringEquals": {"SAML:aud": SIGN_IN}}))
    says = door.says()
    says.attributes[f"{ATTRIBUTES}Role"] = ["x,y", f" {PROVIDER} , {READER} "]
    await door.assume(door.good(says))
    regional = door.says(recipient="https://eu-west-1.signin.aws.amazon.com/saml")
    assert (await door.refuses(door.good(regional)))[0] == "AccessDenied"


async def test_what_the_assertion_brings(idp: Idp) -> None:
    """Session tags and a source identity, which need their permissions; the end of the provider's session."""
    every = [ACTION, "sts:TagSession", "sts:SetSourceIdentity"]
    door = Door(idp, trusting({"Federated": PROVIDER}, every))
    says = door.says(session_ends=timedelta(minutes=20))
    says.attributes |= {
        f"{ATTRIBUTES}PrincipalTag:team": ["blue"],
        f"{ATTRIBUTES}TransitiveTagKeys": ["team"],
        f"{ATTRIBUTES}SourceIdentity": ["ada"],
    }
    document = door.good(says)
    answer = await door.assume(document)
    assert answer.source_identity == "ada"
    assert abs(door.sts.lasts(answer.credentials) - 1_200) <= 1
    facts = facts_of(door.sts.opened(answer.credentials))
    assert (facts.tags, facts.transitive_tag_keys) == ({"team": "blue"}, ("team",))
    assert await Door(idp).refuses(document) == ("AccessDenied", "Not authorized to perform sts:TagSession")


async def test_encrypted_assertions_are_refused_by_name(idp: Idp) -> None:
    door = Door(idp)
    encrypted = etree.Element("{urn:oasis:names:tc:SAML:2.0:assertion}EncryptedAssertion")
    with pytest.raises(NotImplementedByPileus):
        await door.assume(etree.tostring(door.says().response(encrypted)))

"""Do certificate, key and chain belong together?"""

import pytest

from pileus.services.iam import pem
from pileus.services.iam.errors import KeyPairMismatch, MalformedCertificate
from tests.unit.iam.certificates import NOT_AFTER, Issued, issued_by, self_signed


@pytest.fixture(scope="module")
def root() -> Issued:
    return self_signed("root")


@pytest.fixture(scope="module")
def intermediate(root: Issued) -> Issued:
    return issued_by(root, "intermediate")


@pytest.fixture(scope="module")
def leaf(intermediate: Issued) -> Issued:
    return issued_by(intermediate, "leaf.example.com")


def test_a_certificate_ends_when_it_says(leaf: Issued, intermediate: Issued, root: Issued) -> None:
    """With any part of its chain, from its issuer on."""
    for chain in (None, intermediate.pem, intermediate.pem + root.pem):
        assert pem.check_server_certificate(body=leaf.pem, private_key=leaf.key_pem, chain=chain) == NOT_AFTER


def test_a_chain_has_an_order(leaf: Issued, intermediate: Issued, root: Issued) -> None:
    """AWS tells which certificate of it is out of place."""
    for chain, index in ((root.pem, 0), (root.pem + intermediate.pem, 0), (intermediate.pem + leaf.pem, 1)):
        with pytest.raises(MalformedCertificate, match=f"is: {index}$"):
            pem.check_server_certificate(body=leaf.pem, private_key=leaf.key_pem, chain=chain)


def test_the_key_must_be_the_certificates(leaf: Issued, root: Issued) -> None:
    """A valid key of another certificate is no use."""
    with pytest.raises(KeyPairMismatch):
        pem.check_server_certificate(body=leaf.pem, private_key=root.key_pem, chain=None)


@pytest.mark.parametrize("body", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "{}\ntext"])
def test_what_is_no_certificate(leaf: Issued, body: str) -> None:
    """Nor is one with text behind, or two."""
    for bad in (body.replace("{}", leaf.pem), leaf.pem + leaf.pem):
        with pytest.raises(MalformedCertificate):
            pem.check_server_certificate(body=bad, private_key=leaf.key_pem, chain=None)
    with pytest.raises(MalformedCertificate):
        pem.check_server_certificate(body=leaf.pem, private_key=leaf.key_pem, chain=body.replace("{}", leaf.pem))


def test_what_is_no_key(leaf: Issued) -> None:
    """An encrypted one is none: nobody could open it (API_UploadServerCertificate)."""
    for bad in ("", "x", leaf.pem, leaf.key_pem_sealed("secret")):
        with pytest.raises(MalformedCertificate):
            pem.check_server_certificate(body=leaf.pem, private_key=bad, chain=None)

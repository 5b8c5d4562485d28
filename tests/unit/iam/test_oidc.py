"""Is an issuer's URL read as AWS reads it?"""

import pytest

from pileus.kernel.auth.principals import root_of
from pileus.kernel.context import RequestContext
from pileus.services.iam import oidc, shapes
from pileus.services.iam.errors import InvalidInput, LimitExceeded, ValidationError
from pileus.services.iam.permissions import PERMISSIONS


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://accounts.example.com", "accounts.example.com"),
        ("https://accounts.example.com/", "accounts.example.com/"),  # a slash at the end makes another provider
        ("https://oidc.eks.eu-west-1.amazonaws.com/id/ABC", "oidc.eks.eu-west-1.amazonaws.com/id/ABC"),
        ("HTTPS://example.com/Path", "example.com/Path"),
        ("https://example.com:8443/x", "example.com:8443/x"),
        ("http://localhost:4566/pool", "localhost:4566/pool"),
        ("http://127.0.0.1:4566/pool", "127.0.0.1:4566/pool"),
    ],
)
def test_the_name_is_the_url_without_its_scheme(url: str, name: str) -> None:
    """It stands so in ARNs and condition keys."""
    assert oidc.parse_url(url).name == name


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "http://example.com",
        "ftp://example.com",
        "https://",
        "https:///path",
        "https://example.com?x=1",
        "https://example.com#top",
        "https://me@example.com",
        "https://example.com/a b",
        "https://exämple.com",
        "https://[::1",
        "https://example.com:port",
        "http://127.0.0.1.example.com",
    ],
)
def test_what_is_no_issuer(url: str) -> None:
    """https only, and neither query nor fragment (API_CreateOpenIDConnectProvider)."""
    with pytest.raises(ValidationError, match="Invalid Open ID Connect Provider URL"):
        oidc.parse_url(url)


def test_arns() -> None:
    """There and back."""
    arn = oidc.provider_arn("aws", "111111111111", "example.com/a:b")
    assert arn == "arn:aws:iam::111111111111:oidc-provider/example.com/a:b"
    assert oidc.name_of_arn(arn) == "example.com/a:b"
    for other in ("arn:aws:iam::111111111111:saml-provider/x", "oidc-provider/x", ""):
        with pytest.raises(InvalidInput):
            oidc.name_of_arn(other)


def test_quotas() -> None:
    """A hundred client ids, five thumbprints; what comes twice counts once."""
    ids = [str(n) for n in range(100)]
    assert oidc.kept_client_ids([*ids, "0"]) == tuple(ids)
    with pytest.raises(LimitExceeded):
        oidc.kept_client_ids([*ids, "100"])
    assert len(oidc.kept_thumbprints(["a" * 40] * 5)) == 5
    with pytest.raises(InvalidInput):
        oidc.kept_thumbprints(["a" * 40] * 6)


@pytest.mark.parametrize("url", ["https://example.com", "https://tenant.example.com/", "https://Example.com/a/b/"])
def test_what_is_authorized_is_what_is_made(url: str) -> None:
    """A slash at the end is part of the provider's name, for policies as for everybody."""
    context = RequestContext(
        service="iam",
        operation="CreateOpenIDConnectProvider",
        request_id="r",
        account_id="111111111111",
        region="us-east-1",
        principal=root_of("111111111111"),
        source_ip="127.0.0.1",
        host="localhost",
    )
    resource = PERMISSIONS["CreateOpenIDConnectProvider"][0].resource
    assert resource is not None
    made = oidc.provider_arn("aws", "111111111111", oidc.parse_url(url).name)
    assert resource.arn(context, shapes.CreateOpenIDConnectProviderRequest(url=url)) == made

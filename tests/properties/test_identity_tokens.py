"""Whatever somebody sends as a proof of identity: is it ever our failure?

A good token is changed in every way that Hypothesis thinks of; the answer is an error of AWS's, or the claims of
who signed.
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.services.sts.errors import ExpiredToken, InvalidIdentityToken
from pileus.services.sts.federation.id_tokens import identity_of
from pileus.services.sts.federation.saml_response import read_response
from tests.unit.sts.issuers import ISSUER, Issuer

NOW_S = 1_800_000_000
_ISSUER = Issuer()
_KEYS = json.loads(_ISSUER.jwks)["keys"]
_CLAIMS = {"iss": ISSUER, "sub": "ada", "aud": "app", "iat": NOW_S, "exp": NOW_S + 60}
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    [
        *_CLAIMS,
        "nbf",
        "azp",
        "amr",
        "email",
        "https://aws.amazon.com/tags",
        "https://aws.amazon.com/tags/principal_tags/team",
        "https://aws.amazon.com/tags/transitive_tag_keys",
        "https://aws.amazon.com/source_identity",
    ]
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=4))
@settings(max_examples=150, deadline=None)
def test_claims_of_every_shape(changes: dict[str, Any]) -> None:
    """An issuer that is trusted may still be mistaken."""
    token = _ISSUER.token({**_CLAIMS, **changes})
    try:
        identity = identity_of(token, keys=_KEYS, now_s=NOW_S)
    except (InvalidIdentityToken, ExpiredToken):
        return
    assert identity.subject == changes.get("sub", "ada")


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c"]), _VALUES, max_size=3))
@settings(max_examples=150, deadline=None)
def test_headers_of_every_shape(changes: dict[str, Any]) -> None:
    """What the header says is not signed for by anybody yet: a changed one is never believed."""
    header, payload, signature = _ISSUER.token(_CLAIMS).split(".")
    original = json.loads(base64.urlsafe_b64decode(header + "=="))
    changed = {**original, **changes}
    encoded = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
    if encoded == header:
        return
    try:
        identity_of(f"{encoded}.{payload}.{signature}", keys=_KEYS, now_s=NOW_S)
    except InvalidIdentityToken:
        return
    assert changed == original


@given(st.lists(st.dictionaries(st.sampled_from(["kid", "kty", "n", "e", "crv", "x", "y", "use", "alg"]), _VALUES)))
@settings(max_examples=100, deadline=None)
def test_keys_of_every_shape(keys: list[dict[str, Any]]) -> None:
    """An issuer's broken keys do not stand in the way of the good one."""
    identity = identity_of(_ISSUER.token(_CLAIMS), keys=[*keys, *_KEYS], now_s=NOW_S)
    assert identity.subject == "ada"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=100, deadline=None)
def test_responses_of_every_shape(document: bytes) -> None:
    """Refused, as an invalid response or as one whose signature is not valid."""
    with pytest.raises(InvalidIdentityToken):
        read_response(base64.b64encode(document).decode(), certificates=(b"no certificate",), now=datetime.now(UTC))

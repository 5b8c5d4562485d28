"""Does an OpenID Connect ID token say what it seems to say? The signature, then the claims.

Source: IAM User Guide, "Create an OpenID Connect (OIDC) identity provider", "Pass session tags using
AssumeRoleWithWebIdentity"; API_AssumeRoleWithWebIdentity.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from pileus.services.sts.errors import ExpiredToken, InvalidIdentityToken
from pileus.services.sts.federation.issuer_keys import Jwk

if TYPE_CHECKING:
    from joserfc.jwk import KeyFlexible

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""None that is symmetric: an issuer's key is public."""

_SKEW_S: Final = 300
"""How far an issuer's clock may be ahead of ours."""
_TAGS_CLAIM: Final = "https://aws.amazon.com/tags"
_SOURCE_IDENTITY_CLAIM: Final = "https://aws.amazon.com/source_identity"
_NO_JWT: Final = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"


class Unverified(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says of itself, before anybody looked at its signature."""

    issuer: str
    key_id: str | None


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What the issuer says of its user. audience: `azp` when there is one, as AWS takes it.

    claims: those that condition keys exist for. tags, transitive_tag_keys, source_identity: of the session.
    """

    subject: str
    audience: str
    claims: Mapping[str, str | tuple[str, ...]]
    tags: Mapping[str, str]
    transitive_tag_keys: tuple[str, ...]
    source_identity: str


def unverified(token: str) -> Unverified:
    """InvalidIdentityToken."""
    parts = token.split(".")
    if len(parts) != 3:
        raise InvalidIdentityToken(_NO_JWT)
    header, claims = (_object(part) for part in parts[:2])
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        raise InvalidIdentityToken("Missing a required claim: iss")
    key_id = header.get("kid")
    return Unverified(issuer=issuer, key_id=key_id if isinstance(key_id, str) else None)


def identity_of(token: str, *, keys: Sequence[Jwk], now_s: float) -> Identity:
    """The verified claims of a token; InvalidIdentityToken, ExpiredToken."""
    claims = _verified(token, keys, unverified(token).key_id)
    for required in ("sub", "aud", "exp", "iat"):
        if claims.get(required) in (None, "", []):
            raise InvalidIdentityToken(f"Missing a required claim: {required}")
    expires_s = _seconds(claims, "exp")
    if expires_s <= now_s:
        raise ExpiredToken(
            f"Token expired: current date/time {int(now_s)} must be before the expiration date/time {int(expires_s)}"
        )
    if _seconds(claims, "iat") > now_s + _SKEW_S or ("nbf" in claims and _seconds(claims, "nbf") > now_s + _SKEW_S):
        raise InvalidIdentityToken("The ID Token provided is not valid yet")
    tags, transitive = _tags(claims)
    source_identity = claims.get(_SOURCE_IDENTITY_CLAIM, "")
    if not isinstance(source_identity, str):
        raise InvalidIdentityToken("The source identity in the token is no text")
    return Identity(
        subject=_text(claims, "sub"),
        audience=_audience(claims),
        claims=_conditions(claims),
        tags=tags,
        transitive_tag_keys=transitive,
        source_identity=source_identity,
    )


def _verified(token: str, keys: Sequence[Jwk], key_id: str | None) -> dict[str, object]:
    # Loaded when the first token comes: it takes longer than the whole of STS.
    from joserfc import jws
    from joserfc.errors import JoseError

    registry = jws.JWSRegistry(algorithms=list(ALGORITHMS))
    named = [key for key in keys if key.get("kid") == key_id] if key_id is not None else list(keys)
    for key in named:
        try:
            imported = _imported(key)
            if imported is None:
                continue
            payload = jws.deserialize_compact(token, imported, registry=registry).payload
        except (JoseError, ValueError, TypeError, KeyError):
            # Another key may fit. What is wrong with a token is not told: whoever forges one would like to know.
            continue
        return _object_of(payload or b"")
    if not named:
        raise InvalidIdentityToken("No key of the identity provider matches the key id of the ID Token")
    raise InvalidIdentityToken("The signature of the ID Token is invalid")


def _imported(key: Jwk) -> "KeyFlexible | None":
    from joserfc.jwk import JWKRegistry

    if key.get("kty") not in ("RSA", "EC") or key.get("use", "sig") != "sig":
        return None
    # Names and values of other kinds are of no interest to verifying a signature.
    parameters: dict[str, str | list[str]] = {name: value for name, value in key.items() if isinstance(value, str)}
    return JWKRegistry.import_key(parameters)


def _object(part: str) -> dict[str, object]:
    try:
        return _object_of(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise InvalidIdentityToken(_NO_JWT) from None


def _object_of(text: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidIdentityToken(_NO_JWT) from None


def _seconds(claims: Mapping[str, object], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidIdentityToken(f"The claim {name} of the ID Token is no time")
    return value


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims[name]
    if not isinstance(value, str):
        raise InvalidIdentityToken(f"The claim {name} of the ID Token is no text")
    return value


def _audience(claims: Mapping[str, object]) -> str:
    """`azp` when it is there; else the one `aud`. Of several, `azp` must say which."""
    azp, aud = claims.get("azp"), claims["aud"]
    if isinstance(azp, str) and azp:
        return azp
    if isinstance(aud, list) and len(aud) == 1:
        aud = aud[0]
    if not isinstance(aud, str):
        raise InvalidIdentityToken("Incorrect token audience")
    return aud


def _conditions(claims: Mapping[str, object]) -> dict[str, str | tuple[str, ...]]:
    """Source: IAM User Guide, "Available keys for AWS OIDC federation"."""
    found: dict[str, str | tuple[str, ...]] = {"sub": _text(claims, "sub"), "aud": _audience(claims)}
    if claims.get("azp") and isinstance(claims["aud"], str):
        found["oaud"] = claims["aud"]
    for name in ("azp", "email"):
        if isinstance(value := claims.get(name), str):
            found[name] = value
    if isinstance(amr := claims.get("amr"), list):
        found["amr"] = tuple(entry for entry in amr if isinstance(entry, str))
    return found


def _tags(claims: Mapping[str, object]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Session tags, nested (`{"principal_tags": {"Team": ["blue"]}}`) or flattened into the claim's name."""
    nested = claims.get(_TAGS_CLAIM, {})
    if not isinstance(nested, dict):
        raise InvalidIdentityToken("The session tags in the token are malformed")
    tags = nested.get("principal_tags", {})
    transitive = nested.get("transitive_tag_keys", claims.get(f"{_TAGS_CLAIM}/transitive_tag_keys", []))
    if not isinstance(tags, dict) or not isinstance(transitive, list):
        raise InvalidIdentityToken("The session tags in the token are malformed")
    flat = {
        name.removeprefix(f"{_TAGS_CLAIM}/principal_tags/"): value
        for name, value in claims.items()
        if name.startswith(f"{_TAGS_CLAIM}/principal_tags/")
    }
    return {str(key): _tag_value(value) for key, value in {**tags, **flat}.items()}, tuple(map(str, transitive))


def _tag_value(value: object) -> str:
    """One value, alone or as the only one of a list."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise InvalidIdentityToken("The session tags in the token are malformed")
    return value

"""OpenID Connect issuers for tests: keys, documents, tokens."""

import json
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, KeyParameters, RSAKey

ISSUER = "https://idp.example.com/tenant"
KEYS_AT = "https://keys.example.com/jwks"


class Issuer:
    """Signs tokens with keys that may be rotated. kind: `RSA`, or a curve (`P-256`)."""

    def __init__(self, url: str = ISSUER, *, kind: str = "RSA", key_id: str | None = "k1") -> None:
        self.url = url
        self.key = new_key(kind, key_id)

    @property
    def discovery(self) -> bytes:
        return json.dumps({"issuer": self.url, "jwks_uri": KEYS_AT}).encode()

    @property
    def jwks(self) -> bytes:
        return json.dumps({"keys": [self.key.as_dict(private=False)]}).encode()

    @property
    def documents(self) -> dict[str, bytes]:
        return {f"{self.url}/.well-known/openid-configuration": self.discovery, KEYS_AT: self.jwks}

    def token(self, claims: dict[str, Any], *, alg: str = "RS256", key: Any = None, **header: Any) -> str:
        signing = key or self.key
        named = {} if self.key.kid is None else {"kid": self.key.kid}
        return jws.serialize_compact({"alg": alg, **named, **header}, json.dumps(claims), signing, algorithms=[alg])


def new_key(kind: str = "RSA", key_id: str | None = "k1") -> RSAKey | ECKey:
    parameters: KeyParameters = {} if key_id is None else {"kid": key_id}
    if kind == "RSA":
        return RSAKey.generate_key(2048, parameters, private=True)
    return ECKey.generate_key(kind, parameters, private=True)

"""Which origins does a function URL speak to?"""

import msgspec

from pileus.services.lambda_.settings import CorsRecord


class CorsRules(msgspec.Struct, frozen=True, kw_only=True):
    """As `kernel.http.cross_origin` asks for them."""

    allow_credentials: bool
    allow_headers: list[str]
    allow_methods: list[str]
    allow_origins: list[str]
    expose_headers: list[str]
    max_age_s: int | None


def rules_of(record: CorsRecord | None) -> CorsRules | None:
    """None where CORS is the function's to say."""
    if record is None:
        return None
    return CorsRules(
        allow_credentials=bool(record.credentials),
        allow_headers=record.headers or [],
        allow_methods=record.methods or [],
        allow_origins=record.origins or [],
        expose_headers=record.exposed_headers or [],
        max_age_s=record.max_age_s,
    )

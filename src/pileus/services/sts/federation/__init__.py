"""Whom do identity providers vouch for: OpenID Connect and SAML."""

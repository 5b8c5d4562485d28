"""The errors that STS answers."""

from pileus.kernel.errors import ServiceError


class AccessDenied(ServiceError):
    """The caller may not assume the role, or there is no such role: AWS does not tell which (seen on the wire)."""

    code = "AccessDenied"
    status = 403


class ValidationError(ServiceError):
    """A parameter is not what it must be (recordings: TestSTSIntegrations::test_sts_invalid_parameters)."""

    code = "ValidationError"


class InvalidParameterValue(ServiceError):
    """Session tags that contradict each other (recordings: TestSTSAssumeRoleTagging)."""

    code = "InvalidParameterValue"


class MalformedPolicyDocument(ServiceError):
    """The session policy is no policy (API_AssumeRole)."""

    code = "MalformedPolicyDocument"


class PackedPolicyTooLarge(ServiceError):
    """Session policies and tags exceed what a session carries (API_AssumeRole)."""

    code = "PackedPolicyTooLarge"


class ExpiredToken(ServiceError):
    """The token of the identity provider has expired (API_AssumeRoleWithWebIdentity)."""

    code = "ExpiredTokenException"


class InvalidIdentityToken(ServiceError):
    """The token of the identity provider is not valid, or nobody knows the provider (API_AssumeRoleWithWebIdentity)."""

    code = "InvalidIdentityToken"


class IdpCommunicationError(ServiceError):
    """The identity provider does not answer; worth another try (API_AssumeRoleWithWebIdentity)."""

    code = "IDPCommunicationError"


class IdpRejectedClaim(ServiceError):
    """The identity provider says that its user did not authenticate (API_AssumeRoleWithSAML)."""

    code = "IDPRejectedClaim"
    status = 403


class InvalidAuthorizationMessage(ServiceError):
    """Not a message of ours, or of another account (API_DecodeAuthorizationMessage)."""

    code = "InvalidAuthorizationMessageException"


class InvalidClientTokenId(ServiceError):
    """No such access key; as authentication says it (Common Errors)."""

    code = "InvalidClientTokenId"
    status = 403

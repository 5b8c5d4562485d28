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

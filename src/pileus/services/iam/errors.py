"""The errors that IAM answers. Codes and statuses are the model's."""

from pileus.kernel.errors import ServiceError


class NoSuchEntity(ServiceError):
    """What is named does not exist."""

    code = "NoSuchEntity"
    status = 404


class EntityAlreadyExists(ServiceError):
    """The name is taken; names are not distinguished by case."""

    code = "EntityAlreadyExists"
    status = 409


class DeleteConflict(ServiceError):
    """Something still hangs on what should be deleted."""

    code = "DeleteConflict"
    status = 409


class LimitExceeded(ServiceError):
    """A quota of the account is used up."""

    code = "LimitExceeded"
    status = 409


class MalformedPolicyDocument(ServiceError):
    """The document is no policy of the kind that belongs there."""

    code = "MalformedPolicyDocument"
    status = 400


class InvalidInput(ServiceError):
    """A parameter cannot be used (API_CreateRole, tags)."""

    code = "InvalidInput"
    status = 400


class ValidationError(ServiceError):
    """A parameter is not what it must be; common to all query services, so not in the model."""

    code = "ValidationError"
    status = 400


class PasswordPolicyViolation(ServiceError):
    """The password is not what the account's policy wants."""

    code = "PasswordPolicyViolation"
    status = 400


class InvalidUserType(ServiceError):
    """Who asks is no user (API_ChangePassword)."""

    code = "InvalidUserType"
    status = 400


class AccessDenied(ServiceError):
    """Common to all services, so not in the model."""

    code = "AccessDenied"
    status = 403


class InvalidAuthenticationCode(ServiceError):
    """The codes are not two consecutive ones of this MFA device."""

    code = "InvalidAuthenticationCode"
    status = 403


class MalformedCertificate(ServiceError):
    """The certificate, its key or its chain cannot be read."""

    code = "MalformedCertificate"
    status = 400


class KeyPairMismatch(ServiceError):
    """The private key is not the certificate's."""

    code = "KeyPairMismatch"
    status = 400


class ReportNotPresent(ServiceError):
    """No credential report was ever generated."""

    code = "ReportNotPresent"
    status = 410


class ReportExpired(ServiceError):
    """The credential report is older than four hours."""

    code = "ReportExpired"
    status = 410


class UnmodifiableEntity(ServiceError):
    """Only the service that owns the role may change it."""

    code = "UnmodifiableEntity"
    status = 400


class PolicyNotAttachable(ServiceError):
    """The policy is for service-linked roles alone."""

    code = "PolicyNotAttachable"
    status = 400


class DuplicateSSHPublicKey(ServiceError):
    """The user has this key already."""

    code = "DuplicateSSHPublicKey"
    status = 400


class InvalidPublicKey(ServiceError):
    """The public key is malformed or otherwise invalid."""

    code = "InvalidPublicKey"
    status = 400


class UnrecognizedPublicKeyEncoding(ServiceError):
    """The public key is neither in SSH's nor in PEM's form."""

    code = "UnrecognizedPublicKeyEncoding"
    status = 400


class DuplicateCertificate(ServiceError):
    """Another user of the account has this certificate."""

    code = "DuplicateCertificate"
    status = 409

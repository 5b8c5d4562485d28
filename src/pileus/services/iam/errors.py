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

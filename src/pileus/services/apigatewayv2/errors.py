"""Which errors can API Gateway v2 answer?"""

from pileus.kernel.errors import ServiceError


class BadRequestException(ServiceError):
    """A parameter is wrong, by itself or for an HTTP API."""

    code = "BadRequestException"


class ConflictException(ServiceError):
    """The request collides with what exists."""

    code = "ConflictException"


class NotFoundException(ServiceError):
    """The named resource does not exist."""

    code = "NotFoundException"


class ApiNotFound(NotFoundException):
    """No such API in this account and region; AWS names the account, as the Terraform provider's issues show."""

    def __init__(self, *, account_id: str, api_id: str) -> None:
        super().__init__(f"Invalid API identifier specified {account_id}:{api_id}")

"""Which errors does S3 Control answer?

Source: S3 API Reference, "Amazon S3 Control", "List of error codes"; texts as AWS's clients have seen them.
"""

from pileus.kernel.errors import ServiceError


class InvalidRequest(ServiceError):
    """The request is not what S3 Control takes."""

    code = "InvalidRequest"


class NoSuchPublicAccessBlockConfiguration(ServiceError):
    """The account has none."""

    code = "NoSuchPublicAccessBlockConfiguration"
    status = 404

    def __init__(self, account_id: str) -> None:
        super().__init__("The public access block configuration was not found", members={"AccountId": account_id})


class NoSuchAccessPoint(ServiceError):
    """There is none of that name."""

    code = "NoSuchAccessPoint"
    status = 404

    def __init__(self, name: str) -> None:
        super().__init__("The specified accesspoint does not exist", members={"AccessPointName": name})


class NoSuchAccessPointPolicy(ServiceError):
    """The access point has no policy."""

    code = "NoSuchAccessPointPolicy"
    status = 404

    def __init__(self, name: str) -> None:
        super().__init__("The specified accesspoint policy does not exist", members={"AccessPointName": name})


class AccessPointAlreadyOwnedByYou(ServiceError):
    """The name is taken, in this account and region."""

    code = "AccessPointAlreadyOwnedByYou"
    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            "Your previous request to create the named accesspoint succeeded and you already own it.",
            members={"AccessPointName": name},
        )


class NoSuchResource(ServiceError):
    """What is to be tagged is not there."""

    code = "NoSuchResource"
    status = 404

    def __init__(self) -> None:
        super().__init__("The specified resource doesn't exist.")

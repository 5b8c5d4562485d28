"""Who asks for what, from where: everything about a request that is not its input."""

import msgspec


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request, as IAM knows them.

    arn: `arn:aws:iam::ACCOUNT:root`, `...:user/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    user_id: what GetCallerIdentity answers as `UserId` (`AKIA...`'s account, `AIDA...`, `AROA...:SESSION`).
    access_key_id: the key that signed; empty for an unsigned request.
    minted: True when IAM, STS or Cognito of this Pileus issued the key, so that its policies are enforced.
    """

    account_id: str
    arn: str
    user_id: str
    access_key_id: str = ""
    minted: bool = False


class RequestContext(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation may know about the request beside its input.

    service: botocore's name of the service (`dynamodb`); operation: the model's (`GetItem`).
    host: the Host header as sent, port included, so that URLs in answers lead back the way the client came.
    """

    service: str
    operation: str
    request_id: str
    account_id: str
    region: str
    principal: Principal
    source_ip: str
    host: str
    secure: bool = False

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`, by region."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

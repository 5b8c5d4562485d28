"""What can be chosen when Pileus starts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from pileus.kernel.auth.organizations import Organization
from pileus.kernel.http.browsers import loopback

AuthMode = Literal["open", "strict"]
Durability = Literal["process", "full"]

PORT_DEFAULT: Final = 4566
"""Where tools made for other AWS emulators look."""
DATA_DIR_DEFAULT: Final = Path(".pileus")
SERVICES: Final = (
    "apigatewayv2",
    "cloudwatch",
    "dynamodb",
    "dynamodbstreams",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "s3control",
    "sns",
    "sqs",
    "sts",
)
"""Every service that can be switched on, by botocore's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One start of Pileus.

    images: a folder of container images for functions. image_registries: where those come from that are not there, each
    `[HOST=]URL`, HOST being the one in an ImageUri for which it stands.
    port: 0 lets the system choose. auth: None means `open` on loopback and `strict` elsewhere.
    allowed_hosts: further names of this server, and of web pages that may call it while it is open.
    private_issuers: OpenID Connect issuers may be at loopback and private addresses; while open they always may.
    private_endpoints: HTTP subscribers of SNS may be there too; while open they always may.
    dynamodb_table_delay: how long a table stays CREATING, UPDATING or DELETING.
    s3_objects: an object store elsewhere for the bytes of objects, `s3://bucket/prefix?region=...`; "" for the data
    directory. s3_encrypt_everything: objects that nobody asked to encrypt are encrypted, too.
    durability: `process` survives a kill of the process at any instant; `full` also a loss of power (an fsync a group).
    sns_url: where links in messages of SNS lead, `{region}` in it being the topic's; "" for the host of the publisher.
    sns_key_bits: of the key that signs messages of SNS; None means 1024 while open, 2048 in strict mode.
    strict_runtimes: a function runs on no other version of its runtime than it names.
    organization: to which some accounts belong; see `pileus.organization`.
    smtp: a mail server that gets the emails of SNS, too: `smtp://[user:password@]host[:port][/sender]`.
    """

    host: str = "127.0.0.1"
    port: int = PORT_DEFAULT
    data_dir: Path = DATA_DIR_DEFAULT
    auth: AuthMode | None = None
    durability: Durability = "process"
    log_level: str = "warning"
    services: Sequence[str] = field(default=SERVICES)
    allowed_hosts: Sequence[str] = ()
    private_issuers: bool = False
    private_endpoints: bool = False
    dynamodb_table_delay: timedelta = timedelta(0)
    organization: Organization | None = None
    strict_runtimes: bool = False
    images: Path | None = None
    image_registries: Sequence[str] = ()
    sns_url: str = ""
    sns_key_bits: int | None = None
    s3_objects: str = field(default="", repr=False)
    s3_encrypt_everything: bool = False
    smtp: str = field(default="", repr=False)

    @property
    def auth_mode(self) -> AuthMode:
        if self.auth is not None:
            return self.auth
        return "open" if loopback(self.host) else "strict"

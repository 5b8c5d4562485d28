"""`pileus up`: start, and serve until Ctrl-C."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pileus.commands.options import DataDir, Json
from pileus.settings import DATA_DIR_DEFAULT, PORT_DEFAULT, SERVICES, Settings
from pileus.terminal import refuse

if TYPE_CHECKING:
    from pileus.kernel.auth.organizations import Organization


class _Auth(StrEnum):
    OPEN = "open"
    STRICT = "strict"


class _Durability(StrEnum):
    PROCESS = "process"
    FULL = "full"


class _LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def up(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.", envvar="PILEUS_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535, envvar="PILEUS_PORT")] = (
        PORT_DEFAULT
    ),
    data_dir: DataDir = DATA_DIR_DEFAULT,
    auth: Annotated[
        _Auth | None,
        typer.Option(help="open: any key is welcome. strict: every request is verified. Default: open on loopback."),
    ] = None,
    durability: Annotated[
        _Durability, typer.Option(help="process: survives kill -9. full: also loss of power.")
    ] = _Durability.PROCESS,
    log_level: Annotated[_LogLevel, typer.Option(help="What the server itself logs.")] = _LogLevel.WARNING,
    services: Annotated[str, typer.Option(help="Only these, separated by commas.")] = ",".join(SERVICES),
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name of this server, and of web pages that may call it while open. Repeatable."),
    ] = None,
    allow_private_issuers: Annotated[
        bool,
        typer.Option(
            "--allow-private-issuers",
            help="Fetch keys of OpenID Connect issuers from loopback and private addresses too. While open: always.",
        ),
    ] = False,
    allow_private_endpoints: Annotated[
        bool,
        typer.Option(
            "--allow-private-endpoints",
            help="Call HTTP subscribers of SNS at loopback and private addresses too. While open: always.",
        ),
    ] = False,
    organization: Annotated[
        Path | None,
        typer.Option(
            help="A TOML file that says which accounts form an organization, and what its SCPs are; see docs/auth.md.",
            metavar="FILE",
            envvar="PILEUS_ORGANIZATION",
        ),
    ] = None,
    dynamodb_table_delay: Annotated[
        float, typer.Option(help="Seconds that a table stays CREATING, UPDATING or DELETING.", min=0, max=3600)
    ] = 0,
    strict_runtimes: Annotated[
        bool,
        typer.Option(
            "--strict-runtimes", help="Refuse functions whose runtime is not installed here in the very version."
        ),
    ] = False,
    images: Annotated[
        Path | None,
        typer.Option(
            help="A folder of container images for functions, by the names of their repositories; see "
            "docs/services/lambda.md.",
            metavar="DIR",
            envvar="PILEUS_IMAGES",
        ),
    ] = None,
    image_registry: Annotated[
        list[str] | None,
        typer.Option(
            help="Where other images come from: instead of all of ECR, or of one HOST of it. Repeatable.",
            metavar="[HOST=]URL",
            envvar="PILEUS_IMAGE_REGISTRY",
        ),
    ] = None,
    sns_url: Annotated[
        str,
        typer.Option(
            help="Where links in messages of SNS lead, such as https://sns.{region}.amazonaws.com; see "
            "docs/services/sns.md. Default: the host that the publisher used.",
            metavar="URL",
            envvar="PILEUS_SNS_URL",
        ),
    ] = "",
    sns_key_bits: Annotated[
        int | None,
        typer.Option(
            help="Of the key that signs messages of SNS: the fewer, the more messages a second. Default: 1024 while "
            "open, 2048 in strict mode.",
            min=1024,
            max=4096,
        ),
    ] = None,
    s3_objects: Annotated[
        str,
        typer.Option(
            help="An object store elsewhere for the bytes of S3's objects, with options as a query: "
            "s3://bucket/prefix?region=eu-west-1&endpoint=https://...; see docs/services/s3.md.",
            metavar="URL",
            envvar="PILEUS_S3_OBJECTS",
        ),
    ] = "",
    s3_encrypt_everything: Annotated[
        bool,
        typer.Option("--s3-encrypt-everything", help="Encrypt objects for which nobody asked for encryption, too."),
    ] = False,
    smtp: Annotated[
        str,
        typer.Option(
            help="A mail server that gets the emails of SNS, too: smtp://[user:password@]host[:port][/sender].",
            metavar="URL",
            envvar="PILEUS_SMTP",
        ),
    ] = "",
    deploy: Annotated[
        Path | None,
        typer.Option(help="A Python script to run once Pileus serves, with AWS_ENDPOINT_URL set.", metavar="SCRIPT"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start Pileus and serve until Ctrl-C."""
    chosen = [name.strip() for name in services.split(",") if name.strip()]
    if unknown := sorted(set(chosen) - set(SERVICES)):
        refuse(f"no service is called {', '.join(unknown)}", hint=f"there are: {', '.join(SERVICES)}")
    if not chosen:
        refuse("--services names none", hint=f"there are: {', '.join(SERVICES)}")
    if deploy is not None and not deploy.is_file():
        refuse(f"no file at {deploy}")
    settings = Settings(
        host=host,
        port=port,
        data_dir=data_dir,
        auth=auth.value if auth else None,
        durability=durability.value,
        log_level=log_level.value,
        services=chosen,
        allowed_hosts=allow_host or (),
        private_issuers=allow_private_issuers,
        private_endpoints=allow_private_endpoints,
        dynamodb_table_delay=timedelta(seconds=dynamodb_table_delay),
        organization=None if organization is None else _organization(organization),
        strict_runtimes=strict_runtimes,
        sns_url=sns_url,
        sns_key_bits=sns_key_bits,
        s3_objects=_object_store(s3_objects),
        s3_encrypt_everything=s3_encrypt_everything,
        smtp=_mail_server(smtp),
        images=None if images is None else _image_folder(images),
        image_registries=_image_registries(image_registry or ()),
    )
    from pileus.server import serve

    raise SystemExit(serve(settings, deploy=deploy, as_json=as_json))


def _mail_server(url: str) -> str:
    """As it is, if it can be read when the first email is to leave."""
    if url:
        from pileus.services.sns.inbox.mail import mail_server

        try:
            mail_server(url)
        except ValueError as error:
            refuse(str(error))
    return url


def _object_store(url: str) -> str:
    """As it is, if the bytes of objects can be kept there as far as can be told without asking it."""
    if url:
        from pileus.kernel.blobs.remote import NoObjectStoreSupport, remote_blobs_at
        from pileus.kernel.ids import SystemIds

        try:
            remote_blobs_at(url, ids=SystemIds()).close()
        except (NoObjectStoreSupport, ValueError) as error:
            refuse(f"--s3-objects: {error}")
    return url


def _image_folder(path: Path) -> Path:
    if not path.is_dir():
        refuse(f"no folder at {path}", hint="--images names the one that holds them")
    return path.resolve()


def _image_registries(texts: Sequence[str]) -> Sequence[str]:
    """As they are, if they can be read when somebody needs them."""
    from pileus.services.lambda_.images.addresses import BadRegistry, read_registry

    try:
        for text in texts:
            read_registry(text)
    except BadRegistry as error:
        refuse(str(error))
    return texts


def _organization(path: Path) -> "Organization":
    from pileus.organization import BadOrganization, read_organization

    try:
        return read_organization(path)
    except BadOrganization as error:
        refuse(str(error))

"""What does a website say in HTML where it has no page of its own?

Source: recordings s3/s3, TestS3StaticWebsiteHosting.
"""

from collections.abc import Sequence
from html import escape
from http import HTTPStatus

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Headers
from pileus.kernel.wire.rest_answer import header_value


def status_of(error: ServiceError) -> int:
    """The HTTP status of an error."""
    return error.http_status if isinstance(error, AnyServiceError) else error.status


def page_of(error: ServiceError, ids: Headers, *, error_of_document: ServiceError | None = None) -> bytes:
    """The page that tells of an error. ids: of the request. error_of_document: why there is no page for it."""
    status = HTTPStatus(status_of(error))
    title = f"{status.value} {status.phrase}"
    lines = ["<html>", f"<head><title>{title}</title></head>", "<body>", f"<h1>{title}</h1>"]
    request_id, host_id = (value for _, value in ids)
    lines += _listed([*_told(error), ("RequestId", request_id), ("HostId", host_id)])
    if error_of_document is not None:
        lines.append("<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>")
        lines += _listed(_told(error_of_document))
    lines += ["<hr/>", "</body>", "</html>", ""]
    return "\n".join(lines).encode(errors="replace")


def headers_of(error: ServiceError) -> Headers:
    """What the headers tell of an error."""
    headers = [
        ("x-amz-error-code", error.error_code),
        ("x-amz-error-message", header_value(error.message)),
    ]
    headers += [(f"x-amz-error-detail-{name}", header_value(str(value))) for name, value in error.members.items()]
    return headers


def _told(error: ServiceError) -> list[tuple[str, str]]:
    told = [("Code", error.error_code), ("Message", error.message)]
    return told + [(name, str(value)) for name, value in error.members.items()]


def _listed(pairs: Sequence[tuple[str, str]]) -> list[str]:
    return ["<ul>", *(f"<li>{name}: {escape(value, quote=False)}</li>" for name, value in pairs), "</ul>"]

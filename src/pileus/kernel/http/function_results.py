"""What does the client get for what a function returned, whoever passed its request on?

Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs", section on responses. With
format 2.0 a result without `statusCode` is itself the body: text bare, everything else as compact JSON (the recordings
of function URLs, which share the format, show both: `test_lambda_url_invocation`).
"""

import re
from binascii import Error as MalformedBase64
from binascii import a2b_base64
from typing import Final

import msgspec

from pileus.kernel.http.messages import Headers, Response

_JSON: Final = ("content-type", "application/json")

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_UNFIT: Final = re.compile(r"[\0\r\n]")
_OURS: Final = frozenset({"connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade"})
"""Headers that the front door says; a function's are dropped."""

_BODILESS: Final = frozenset({204, 304})

_STATUS_DIGITS: Final = re.compile(r"[0-9]{1,9}")

_NOT_READABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for what is no JSON, not the JSON wanted, no UTF-8, or nested without an end."""

Scalar = str | int | float | bool | None


class Malformed(Exception):
    """A function's result is not what its format asks for; the client is told 500."""


class _Result(msgspec.Struct, frozen=True):
    """A result that says all. Unknown members are ignored."""

    status_code: int | float | str | msgspec.UnsetType | None = msgspec.field(name="statusCode", default=msgspec.UNSET)
    headers: dict[str, Scalar] | None = None
    multi_value_headers: dict[str, list[Scalar] | None] | None = msgspec.field(name="multiValueHeaders", default=None)
    body: str | None = None
    is_base64_encoded: bool | None = msgspec.field(name="isBase64Encoded", default=None)
    cookies: list[str] | None = None


_decode_result: Final = msgspec.json.Decoder(_Result).decode


def response_2_0(payload: bytes, said: Headers) -> Response:
    """The response to a result in format 2.0; `Malformed` when it is none. said: headers that come first."""
    try:
        result = _decode_result(payload)
    except _NOT_READABLE:
        return _inferred(payload, said)
    if result.status_code is msgspec.UNSET:
        return _inferred(payload, said)
    headers: list[tuple[str, str]] = list(said)
    typed = _add_headers(headers, result.headers)
    headers.extend(("set-cookie", _value(cookie)) for cookie in result.cookies or ())
    return _said(result, headers, typed=typed)


def response_1_0(payload: bytes, said: Headers) -> Response:
    """The response to a result in format 1.0; `Malformed` when it is none. said: headers that come first.

    A header in `multiValueHeaders` goes before the same one in `headers`.
    """
    try:
        result = _decode_result(payload)
    except _NOT_READABLE as error:
        raise Malformed from error
    if result.status_code is msgspec.UNSET:
        raise Malformed
    headers: list[tuple[str, str]] = list(said)
    several = result.multi_value_headers or {}
    covered = {name.lower() for name in several}
    single = {name: value for name, value in (result.headers or {}).items() if name.lower() not in covered}
    typed = _add_headers(headers, single)
    for name, values in several.items():
        for value in values or ():
            typed |= _add_headers(headers, {name: value})
    return _said(result, headers, typed=typed)


def _said(result: _Result, headers: list[tuple[str, str]], *, typed: bool) -> Response:
    status = _status(result.status_code)
    body = (result.body or "").encode()
    if result.is_base64_encoded:
        try:
            body = a2b_base64(body)
        except (MalformedBase64, ValueError) as error:
            raise Malformed from error
    if status in _BODILESS:
        return Response(status, headers)
    if not typed:
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    return Response(status, headers, body)


def _inferred(payload: bytes, said: Headers) -> Response:
    try:
        result = msgspec.json.decode(payload)
    except _NOT_READABLE as error:
        raise Malformed from error
    if isinstance(result, dict) and "statusCode" in result:
        raise Malformed
    body = result.encode() if isinstance(result, str) else msgspec.json.encode(result)
    return Response(200, (_JSON, *said), body)


def _status(given: object) -> int:
    """A final HTTP status; digits in text count too."""
    if isinstance(given, str) and _STATUS_DIGITS.fullmatch(given) is not None:
        given = int(given)
    if not isinstance(given, int | float) or not 200 <= given <= 599 or given != int(given):
        raise Malformed
    return int(given)


def _add_headers(headers: list[tuple[str, str]], given: dict[str, Scalar] | None) -> bool:
    """Append them; whether a content type is among them."""
    typed = False
    for name, value in (given or {}).items():
        name = name.lower()
        if value is None or name in _OURS:
            continue
        if _NAME.fullmatch(name) is None:
            raise Malformed
        headers.append((name, _value(value)))
        typed |= name == "content-type"
    return typed


def _value(value: Scalar) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = str(value)
    if not text.isascii():
        text = text.encode().decode("latin-1")  # the front door writes latin-1, so that UTF-8 leaves
    if _UNFIT.search(text) is not None:
        raise Malformed
    return text

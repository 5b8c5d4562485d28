"""What may be handed to a function?"""

import binascii
import json
import re
from base64 import b64decode
from typing import Final, NoReturn

import msgspec

from pileus.services.lambda_.errors import (
    InvalidRequestContentException,
    RequestEntityTooLargeException,
    RequestTooLargeException,
)
from pileus.services.lambda_.limits import ASYNC_PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MAX

_raw: Final = msgspec.json.Decoder(msgspec.Raw)


def payload_too_large() -> RequestEntityTooLargeException:
    """For whoever waits for the answer: `PAYLOAD_BYTES_MAX`."""
    return RequestEntityTooLargeException(
        f"Request must be smaller than {PAYLOAD_BYTES_MAX} bytes for the InvokeFunction operation"
    )


def check_async_size(payload: bytes) -> None:
    """Or RequestTooLargeException: an event for which nobody waits."""
    if len(payload) > ASYNC_PAYLOAD_BYTES_MAX:
        raise RequestTooLargeException(
            f"{len(payload)} byte payload is too large for the Event invocation type "
            f"(limit {ASYNC_PAYLOAD_BYTES_MAX} bytes)"
        )


def check_json(payload: bytes) -> None:
    """Or InvalidRequestContentException, with the beginning of AWS's text and our own reason."""
    try:
        payload.decode()  # `Raw` looks at the structure, not into the texts
        _raw.decode(payload)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        if isinstance(error, msgspec.DecodeError) and _loosely_json(payload):
            return
        raise InvalidRequestContentException(
            f"Could not parse request body into json: Could not parse payload into json: {_reason(error)}"
        ) from None


def _loosely_json(payload: bytes) -> bool:
    r"""Whether it is JSON but for escapes of half a character (`\ud800`), which AWS and the runtimes bear."""
    try:
        json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return False
    return not payload.startswith(b"\xef\xbb\xbf")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"Invalid UTF-8 start byte 0x{error.object[error.start]:02x} (byte {error.start})"
    if isinstance(error, RecursionError):
        return "Document nesting depth exceeds the maximum allowed"
    return re.sub(r"^JSON is malformed: ", "", str(error))


def read_client_context(given: str) -> str:
    """The JSON text of X-Amz-Client-Context; InvalidRequestContentException."""
    try:
        text = b64decode(given, validate=True)
        check_json(text)
        return text.decode()
    except (binascii.Error, ValueError, InvalidRequestContentException):
        raise InvalidRequestContentException("Client context must be a valid Base64-encoded JSON object.") from None

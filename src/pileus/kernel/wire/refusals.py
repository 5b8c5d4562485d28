"""Which error tells of broken constraints?

The framework of most services counts them all in one text. Some services look for themselves, with words of their own:
those of the dialect are told when the framework has nothing to say, and S3 knows only its own.
"""

from collections.abc import Sequence

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.wire.dialect import Dialect, Told
from pileus.kernel.wire.model import Member
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.validation import Violation, message_of

_NO_BODY = Told("MissingRequestBodyError", "Request Body is empty")
"""Source: S3 API Reference, "Error responses"."""


def refusal(subject: Subject, violations: Sequence[Violation], *, invalid: str) -> ServiceError:
    """The error for an operation's violations, of which there is one at least. invalid: the protocol's code."""
    dialect = subject.dialect
    if dialect.s3:
        return _refusal_of_s3(subject, violations[0])
    if all(violation.constraint == "required" for violation in violations):
        for violation in violations:
            if (absent := dialect.broken.get((violation.path, "required"))) is not None:
                return _error(subject, absent, violation)
    ours = [violation for violation in violations if _own(dialect, violation) is None]
    if ours:
        return AnyServiceError(dialect.validation_code or invalid, message_of(ours))
    told = _own(dialect, violations[0])
    assert told is not None
    return _error(subject, told, violations[0])


def _own(dialect: Dialect, violation: Violation) -> Told | None:
    if violation.constraint == "required":
        return dialect.missing
    if violation.constraint == "element":
        return None
    return dialect.broken.get((violation.path, violation.constraint))


def _error(subject: Subject, told: Told, violation: Violation) -> ServiceError:
    name = _wire_name(subject, violation.path)
    return AnyServiceError(
        told.code, told.text.format(value=violation.value, name=name, operation=subject.operation.name)
    )


def _wire_name(subject: Subject, path: str) -> str:
    """The member's name as the older services say it: capitalised, from the outermost structure on."""
    member = _member_of(subject, path)
    first, dot, rest = path.partition(".")
    names = [(member.ref.query_name or member.ref.location_name or member.name) if member is not None else first]
    if dot:
        names += rest.split(".")
    return ".".join(name[:1].upper() + name[1:] for name in names)


def _refusal_of_s3(subject: Subject, violation: Violation) -> ServiceError:
    """S3 refuses a body by its schema, and an argument by its name and value."""
    member = _member_of(subject, violation.path)
    told = _own(subject.dialect, violation)
    if told is not None:
        error = _error(subject, told, violation)
    elif member is None or member.ref.location is None:
        payload = subject.operation.input and subject.model.shape_of(subject.operation.input).payload
        absent = violation.constraint == "required" and member is not None and member.name == payload
        absent = absent and "." not in violation.path
        schema = _NO_BODY if absent else subject.dialect.unreadable
        assert schema is not None
        return AnyServiceError(schema.code, schema.text)
    else:
        error = AnyServiceError("InvalidArgument", "")
    if member is None:
        return AnyServiceError(error.error_code, error.message)
    argument = {"ArgumentName": member.ref.location_name, "ArgumentValue": violation.value}
    if told is not None and "{value}" in told.text:  # once is enough (recording test_bucket_ownership_controls_exc)
        del argument["ArgumentValue"]
    return AnyServiceError(error.error_code, error.message, members=argument)


def _member_of(subject: Subject, path: str) -> Member | None:
    """The member of the input in which a path begins."""
    first = path.partition(".")[0]
    assert subject.operation.input is not None
    members = subject.model.members(subject.operation.input.shape)
    return next((member for member in members if member.name[:1].lower() + member.name[1:] == first), None)

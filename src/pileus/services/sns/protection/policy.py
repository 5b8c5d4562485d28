"""What does a data protection policy say?

It is read once, checked in full, and refused for what cannot be done as it asks: a policy that is in force is enforced.
Where AWS documents what is wrong and not what it answers, the words are ours.

Source: SNS Developer Guide, "Understanding data protection policies", "Data protection policy operations".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.protection.identifiers import IDENTIFIERS

POLICY_CHARS_MAX: Final = 30_720
"""Source: SNS API Reference, PutDataProtectionPolicy."""
VERSION: Final = "2021-06-01"
LOG_GROUP_PREFIX: Final = "/aws/vendedlogs/"
SAMPLE_RATE_MAX: Final = 99
MASK_DEFAULT: Final = "#"
POLICIES_KEPT: Final = 256
"""Read ones; ours."""

NOT_FOUND_HERE: Final = frozenset(
    {
        "Address",
        "BankAccountNumber-US",
        "CepCode-BR",
        "CreditCardExpiration",
        "CreditCardSecurityCode",
        "DateOfBirth",
        "HealthInsuranceCardNumber-EU",
        "HealthInsuranceClaimNumber-US",
        "HealthInsuranceNumber-FR",
        "HealthcareProcedureCode-US",
        "LatLong",
        "Name",
        "NationalDrugCode-US",
        "PersonalHealthNumber-CA",
        "ZipCode-US",
    }
)
"""Names of AWS's that take more than a form and a check digit; so do those that begin as these."""
NOT_FOUND_HERE_BEGINNINGS: Final = (
    "DriversLicense-",
    "ElectoralRollNumber-",
    "NationalIdentificationNumber-",
    "PassportNumber-",
    "PermanentResidenceNumber-",
    "RgNumber-",
    "TaxId-",
)

_IDENTIFIER: Final = re.compile(r"arn:aws[a-zA-Z-]*:dataprotection:[a-z0-9-]*:(?:aws)?:data-identifier/([A-Za-z0-9-]+)")
_SESSION: Final = re.compile(r"(arn:aws[a-zA-Z-]*):sts::(\d{12}):assumed-role/([^/]+)/.+")
_PRINCIPAL: Final = re.compile(r"\*|arn:aws[a-zA-Z-]*:(?:iam|sts)::\d{12}:.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Writes down what is found. groups: of CloudWatch Logs; "" for none."""

    sample_rate: int
    findings_group: str
    no_findings_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentify:
    """Changes what is found. mask: one character for each; "" takes it away."""

    mask: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """Lets nothing through in which something is found."""


Operation = Audit | Deidentify | Deny


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """principals: ARNs; empty means anybody. identifiers: names of managed ones."""

    inbound: bool
    principals: frozenset[str]
    identifiers: tuple[str, ...]
    operation: Operation

    def concerns(self, principal_arn: str) -> bool:
        """Whose message it is: of who publishes, inbound, or of who subscribed, outbound; of a session, its role's."""
        return not self.principals or not self.principals.isdisjoint((principal_arn, _role_of(principal_arn)))


def _role_of(arn: str) -> str:
    """The role of a session, where an ARN is one's; roles with paths are known by their names alone there."""
    session = _SESSION.fullmatch(arn)
    return "" if session is None else f"{session[1]}:iam::{session[2]}:role/{session[3]}"


Policy = tuple[Statement, ...]
_read: dict[str, Policy] = {}


def compiled(text: str) -> Policy:
    """One that was parsed before it was kept."""
    policy = _read.get(text)
    if policy is None:
        if len(_read) >= POLICIES_KEPT:
            _read.clear()
        policy = _read[text] = parse(text)
    return policy


def parse(text: str) -> Policy:
    """InvalidParameter, or NotImplementedByPileus of what AWS takes and Pileus cannot do."""
    if len(text) > POLICY_CHARS_MAX:
        raise _wrong(f"the policy is longer than {POLICY_CHARS_MAX} characters")
    try:
        policy = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise _wrong("the policy is not valid JSON") from None
    policy = _object(policy, "the policy", {"Name", "Description", "Version", "Statement", "Configuration"})
    if not isinstance(policy.get("Name"), str) or not policy["Name"]:
        raise _wrong("Name is required")
    if policy.get("Version") != VERSION:
        raise _wrong(f"Version must be {VERSION}")
    if policy.get("Configuration"):
        raise NotImplementedByPileus("Pileus does not find custom data identifiers yet")
    statements = policy.get("Statement")
    if not isinstance(statements, list) or not statements:
        raise _wrong("Statement must be a list of at least one statement")
    parsed = tuple(_statement(each) for each in statements)
    if sum(isinstance(each.operation, Audit) for each in parsed) > 1:
        raise _wrong("a policy can have one Audit statement only")
    return parsed


def _statement(given: object) -> Statement:
    statement = _object(given, "a statement", {"Sid", "DataDirection", "Principal", "DataIdentifier", "Operation"})
    direction = statement.get("DataDirection")
    if direction not in ("Inbound", "Outbound"):
        raise _wrong("DataDirection must be Inbound or Outbound")
    operation = _operation(statement.get("Operation"))
    principals = _texts(statement.get("Principal"), "Principal")
    for principal in principals:
        if _PRINCIPAL.fullmatch(principal) is None:
            raise _wrong(f"{principal} is no principal")
    if isinstance(operation, Audit) and (direction != "Inbound" or principals != ["*"]):
        raise _wrong('an Audit statement is about Inbound messages of the Principal ["*"]')
    return Statement(
        inbound=direction == "Inbound",
        principals=frozenset() if "*" in principals else frozenset(principals),
        identifiers=tuple(dict.fromkeys(map(_identifier, _texts(statement.get("DataIdentifier"), "DataIdentifier")))),
        operation=operation,
    )


def _identifier(arn: str) -> str:
    match = _IDENTIFIER.fullmatch(arn)
    name = match[1] if match is not None else ""
    if name in IDENTIFIERS:
        return name
    if name in NOT_FOUND_HERE or name.startswith(NOT_FOUND_HERE_BEGINNINGS):
        raise NotImplementedByPileus(f"Pileus does not find the data identifier {name}")
    raise _wrong(f"{arn} is no data identifier")


def _operation(given: object) -> Operation:
    operation = _object(given, "Operation", {"Audit", "Deidentify", "Deny"})
    if len(operation) != 1:
        raise _wrong("Operation must be one of Audit, Deidentify and Deny")
    ((name, content),) = operation.items()
    if name == "Deny":
        _object(content, "Deny", set())
        return Deny()
    if name == "Audit":
        return _audit(content)
    deidentify = _object(content, "Deidentify", {"MaskConfig", "RedactConfig"})
    if len(deidentify) != 1:
        raise _wrong("Deidentify must have one of MaskConfig and RedactConfig")
    if "RedactConfig" in deidentify:
        _object(deidentify["RedactConfig"], "RedactConfig", set())
        return Deidentify(mask="")
    mask = _object(deidentify["MaskConfig"], "MaskConfig", {"MaskWithCharacter"}).get("MaskWithCharacter", MASK_DEFAULT)
    if not isinstance(mask, str) or len(mask) != 1 or not (mask.isascii() and mask.isprintable()):
        raise _wrong("MaskWithCharacter must be one printable character")
    return Deidentify(mask=mask)


def _audit(given: object) -> Audit:
    audit = _object(given, "Audit", {"SampleRate", "FindingsDestination", "NoFindingsDestination"})
    rate = str(audit.get("SampleRate", ""))
    if not (rate.isascii() and rate.isdigit() and int(rate[:9]) <= SAMPLE_RATE_MAX):
        raise _wrong(f"SampleRate must be a whole number between 0 and {SAMPLE_RATE_MAX}")
    if not audit.keys() & {"FindingsDestination", "NoFindingsDestination"}:
        raise _wrong("Audit must have a FindingsDestination or a NoFindingsDestination")
    return Audit(
        sample_rate=int(rate),
        findings_group=_log_group(audit.get("FindingsDestination")),
        no_findings_group=_log_group(audit.get("NoFindingsDestination")),
    )


def _log_group(given: object) -> str:
    """ "" where findings are only counted."""
    if given is None:
        return ""
    destination = _object(given, "a destination", {"CloudWatchLogs", "Firehose", "S3"})
    for service in ("Firehose", "S3"):
        if service in destination:
            raise NotImplementedByPileus(f"Pileus does not send findings to {service} yet")
    if "CloudWatchLogs" not in destination:
        return ""
    group = _object(destination["CloudWatchLogs"], "CloudWatchLogs", {"LogGroup"}).get("LogGroup")
    if not isinstance(group, str) or not group.startswith(LOG_GROUP_PREFIX) or group == LOG_GROUP_PREFIX:
        raise _wrong(f"the name of a LogGroup must start with {LOG_GROUP_PREFIX}")
    return group


def _object(given: object, what: str, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise _wrong(f"{what} must be an object")
    if unknown := given.keys() - names:
        raise _wrong(f"{what} has no {sorted(unknown)[0]}")
    return given


def _texts(given: object, what: str) -> Sequence[str]:
    if not isinstance(given, list) or not given or not all(isinstance(each, str) for each in given):
        raise _wrong(f"{what} must be a list of texts")
    return given


def _wrong(reason: str) -> InvalidParameter:
    return InvalidParameter(f"DataProtectionPolicy Reason: {reason}")

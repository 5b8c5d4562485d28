"""Which of AWS's managed data identifiers are found here, and how?

Those that a form and a check digit tell. AWS looks for words near most numbers; here only those numbers need a word
near them (within 30 characters, as at AWS) whose form tells too little. Names, addresses and dates of birth take
machine learning: a policy that asks for them is refused, not ignored.

Sources: SNS Developer Guide, "Using managed data identifiers in Amazon SNS": the names and the words; the forms are
those of who issues the numbers.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from pileus.services.sns.protection import checksums

KEYWORD_DISTANCE: Final = 30
MISSES_MAX: Final = 10_000
"""Ours: some 40 ms of a message's time, for each form."""
_SEPARATORS: Final = re.compile(r"[ .()/-]")


class Finding(NamedTuple):
    """Characters of a text, from start up to, not including, end."""

    start: int
    end: int


Find = Callable[[str], Iterator[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """One way to write a number. check: of the number alone. words: one of them must be near; none: none need be."""

    pattern: re.Pattern[str]
    check: Callable[[str], bool] | None = None
    words: re.Pattern[str] | None = None

    def find(self, text: str) -> Iterator[Finding]:
        """A number may begin within what only looked like one; of texts made of such, not all beginnings are tried."""
        at, misses = 0, 0
        while (match := self.pattern.search(text, at)) is not None:
            if self._is(text, match):
                at = match.end()
                yield Finding(match.start(), at)
            else:
                misses += 1
                at = match.start() + 1 if misses < MISSES_MAX else match.end()

    def _is(self, text: str, match: re.Match[str]) -> bool:
        if self.check is not None and not self.check(_SEPARATORS.sub("", match[0]).upper()):
            return False
        return self.words is None or _near(text, match, self.words)


def _near(text: str, match: re.Match[str], words: re.Pattern[str]) -> bool:
    begin = max(0, match.start() - KEYWORD_DISTANCE)
    return words.search(text, begin, match.end() + KEYWORD_DISTANCE) is not None


def _any_of(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)


def _digits(form: str) -> re.Pattern[str]:
    """Not within a longer number or word."""
    return re.compile(rf"(?<![\w+-]){form}(?![\w-])")


def _forms(*forms: _Form) -> Find:
    def find(text: str) -> Iterator[Finding]:
        for form in forms:
            yield from form.find(text)

    return find


# --- people and their machines ---------------------------------------------------------------------------------------

_MAILBOX: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}\Z")
_DOMAIN: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,63}")


def _emails(text: str) -> Iterator[Finding]:
    """From each `@` backwards and forwards, so that a long text without one costs nothing."""
    end, at = 0, -1
    while (at := text.find("@", at + 1)) >= 0:
        mailbox = _MAILBOX.search(text[max(end, at - 64) : at])
        domain = _DOMAIN.match(text, at + 1)
        if mailbox is not None and domain is not None:
            end = domain.end()
            yield Finding(at - len(mailbox[0]), end)


_IPV4: Final = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6: Final = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{2,39}(?![\w:])")


def _ip_addresses(text: str) -> Iterator[Finding]:
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            try:
                ipaddress.ip_address(match[0])
            except ValueError:
                continue
            yield Finding(match.start(), match.end())


_PHONE_WORDS: Final = _any_of(
    "cell", "contact", "fax", "handy", "mobile", "móvil", "phone", "tel", "telefon", "telefono", "teléfono", "téléphone"
)


def _phone(code: str, national: str) -> Find:
    """With the country's code, or as its people write it, with a word near."""
    international = re.compile(rf"(?<![\w+])\+{code}[ .-]?(?:\(0\)[ .-]?)?(?:\d[ .-]?){{6,11}}\d(?!\d)")
    return _forms(_Form(pattern=international), _Form(pattern=_digits(national), words=_PHONE_WORDS))


_US_PHONE: Final = _forms(
    _Form(pattern=re.compile(r"(?<![\w+])(?:\+?1[ .-]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]?\d{4}(?!\d)")),
    _Form(pattern=re.compile(r"(?<![\w+])\+1[2-9]\d\d[2-9]\d{6}(?!\d)")),
    _Form(pattern=_digits(r"[2-9]\d\d[2-9]\d{6}"), words=_PHONE_WORDS),
)

# --- money -----------------------------------------------------------------------------------------------------------


def _card(digits: str) -> bool:
    """Of the networks' numbers: 2 to 6 first. The same digit throughout is nobody's."""
    return digits[0] in "23456" and len(set(digits)) > 1 and checksums.luhn(digits)


def _iban(country: str) -> Find:
    return _forms(
        _Form(
            pattern=re.compile(rf"(?<![A-Za-z0-9]){country}\d\d(?: ?[A-Z0-9]){{11,30}}(?![A-Za-z0-9])"),
            check=checksums.iban,
        )
    )


# --- secrets ---------------------------------------------------------------------------------------------------------


def _block(begin: str, end: str) -> Find:
    """From a line that begins a key up to the one that ends it; to its own end, where none does."""
    first = re.compile(begin)

    def find(text: str) -> Iterator[Finding]:
        at = 0
        while (match := first.search(text, at)) is not None:
            last = text.find(end, match.end())
            line_end = text.find("-----", last + len(end)) if last >= 0 else -1
            at = match.end() if last < 0 else (line_end + 5 if line_end >= 0 else last + len(end))
            yield Finding(match.start(), at)
            if last < 0:
                return

    return find


def _putty(text: str) -> Iterator[Finding]:
    at = 0
    while (start := text.find("PuTTY-User-Key-File-", at)) >= 0:
        mac = re.compile(r"Private-MAC: ?[0-9a-f]*").search(text, start)
        at = len(text) if mac is None else mac.end()
        yield Finding(start, at)


_SECRET_KEY_WORDS: Final = _any_of(
    "aws_secret_access_key", "credentials", "secret access key", "secret key", "set-awscredential", "secretaccesskey"
)
_SECRET_KEY: Final = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")

# --- all of them -----------------------------------------------------------------------------------------------------

_SSN: Final = r"(?!000|666|9\d\d)\d{3}"
IDENTIFIERS: Final[Mapping[str, Find]] = {
    "AwsSecretKey": _forms(_Form(pattern=_SECRET_KEY, words=_SECRET_KEY_WORDS)),
    "BankAccountNumber-DE": _iban("DE"),
    "BankAccountNumber-ES": _iban("ES"),
    "BankAccountNumber-FR": _iban("FR"),
    "BankAccountNumber-GB": _iban("GB"),
    "BankAccountNumber-IT": _iban("IT"),
    "CnpjCode-BR": _forms(_Form(pattern=_digits(r"\d\d\.?\d{3}\.?\d{3}/?\d{4}-?\d\d"), check=checksums.cnpj)),
    "CpfCode-BR": _forms(_Form(pattern=_digits(r"\d{3}\.?\d{3}\.?\d{3}-?\d\d"), check=checksums.cpf)),
    "CreditCardNumber": _forms(_Form(pattern=_digits(r"\d(?:[ -]?\d){12,18}"), check=_card)),
    "DrugEnforcementAgencyNumber-US": _forms(
        _Form(pattern=_digits(r"[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}"), check=checksums.dea)
    ),
    "EmailAddress": _emails,
    "IndividualTaxIdentificationNumber-US": _forms(_Form(pattern=_digits(r"9\d\d-(?:5\d|6[0-5]|[7-9]\d)-\d{4}"))),
    "InseeCode-FR": _forms(
        _Form(
            pattern=_digits(r"[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d"),
            check=checksums.insee,
        )
    ),
    "IpAddress": _ip_addresses,
    "MedicareBeneficiaryNumber-US": _forms(
        _Form(
            pattern=_digits(
                r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?"
                r"[AC-HJKMNP-RT-Y]{2}\d\d"
            )
        )
    ),
    "NationalInsuranceNumber-GB": _forms(
        _Form(pattern=_digits(r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"))
    ),
    "NationalProviderId-US": _forms(
        _Form(
            pattern=_digits(r"[12]\d{9}"),
            check=checksums.npi,
            words=_any_of("hipaa", "n.p.i.", "national provider", "npi"),
        )
    ),
    "NhsNumber-GB": _forms(
        _Form(
            pattern=_digits(r"\d{3}[ -]?\d{3}[ -]?\d{4}"),
            check=checksums.nhs,
            words=_any_of("national health service", "nhs"),
        )
    ),
    "NieNumber-ES": _forms(_Form(pattern=_digits(r"[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]"), check=checksums.nie)),
    "NifNumber-ES": _forms(_Form(pattern=_digits(r"\d{8}-?[A-HJ-NP-TV-Z]"), check=checksums.nif)),
    "OpenSshPrivateKey": _block(r"-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY"),
    "PgpPrivateKey": _block(r"-----BEGIN PGP PRIVATE KEY BLOCK-----", "-----END PGP PRIVATE KEY BLOCK"),
    "PhoneNumber-BR": _phone("55", r"\(?[1-9]\d\)? ?9?\d{4}[ -]?\d{4}"),
    "PhoneNumber-DE": _phone("49", r"0[1-9]\d{1,4}[ /-]?\d{4,8}"),
    "PhoneNumber-ES": _phone("34", r"[6-9]\d{2}[ -]?\d{3}[ -]?\d{3}"),
    "PhoneNumber-FR": _phone("33", r"0[1-9](?:[ .-]?\d\d){4}"),
    "PhoneNumber-GB": _phone("44", r"0[1-9]\d{1,4}[ -]?\d{3,4}[ -]?\d{3,4}"),
    "PhoneNumber-IT": _phone("39", r"[03]\d{1,3}[ .-]?\d{5,8}"),
    "PhoneNumber-US": _US_PHONE,
    "PkcsPrivateKey": _block(r"-----BEGIN (?:(?:RSA|DSA|EC|ENCRYPTED) )?PRIVATE KEY-----", "PRIVATE KEY"),
    "PuttyPrivateKey": _putty,
    "SocialInsuranceNumber-CA": _forms(
        _Form(pattern=_digits(r"[1-79]\d\d[ -]\d{3}[ -]\d{3}"), check=checksums.luhn),
        _Form(
            pattern=_digits(r"[1-79]\d{8}"),
            check=checksums.luhn,
            words=_any_of("canadian id", "numéro d'assurance sociale", "sin", "social insurance"),
        ),
    ),
    "Ssn-US": _forms(
        _Form(pattern=_digits(rf"{_SSN}([- ])(?!00)\d\d\1(?!0000)\d{{4}}")),
        _Form(pattern=_digits(rf"{_SSN}(?!00)\d\d(?!0000)\d{{4}}"), words=_any_of("social security", "ss#", "ssn")),
    ),
    "VehicleIdentificationNumber": _forms(
        _Form(
            pattern=_digits(r"[A-HJ-NPR-Z0-9]{17}"),
            check=checksums.vin,
            words=_any_of("chassis", "vehicle identification number", "vin"),
        )
    ),
}


def find_all(text: str, names: tuple[str, ...]) -> dict[str, list[Finding]]:
    """What of these is in a text, by name."""
    found: dict[str, list[Finding]] = {}
    for name in names:
        findings = sorted(set(IDENTIFIERS[name](text)))
        if findings:
            found[name] = findings
    return found

"""Are good passwords told from bad ones, as AWS tells them?"""

from datetime import UTC, datetime

import pytest

from pileus.services.iam import passwords
from pileus.services.iam.account_records import LoginProfileRecord, PasswordPolicyRecord
from pileus.services.iam.errors import PasswordPolicyViolation

ACCOUNT = "111111111111"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def accepted(password: str, policy: PasswordPolicyRecord | None) -> bool:
    try:
        passwords.check_password(password, policy)
    except PasswordPolicyViolation:
        return False
    return True


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("Abcdefg1", True),  # three of four kinds
        ("Abcde-g1", True),
        ("abcd-fg1", True),
        ("Abcdef1", False),  # seven characters
        ("abcdefg1", False),  # two kinds
        ("ABCDEFGH", False),
        (ACCOUNT, False),
        ("Ünïcödé£", False),  # letters beyond ASCII are of no kind
    ],
)
def test_the_default_policy(password: str, good: bool) -> None:
    """Eight characters, three kinds (IAM User Guide, "Default password policy")."""
    assert accepted(password, None) == good


@pytest.mark.parametrize(
    ("password", "policy", "told"),
    [
        ("Ab1", None, "Password should have a minimum length of 8"),
        (
            "abcdefg1",
            None,
            "Password should meet 1 more of the following requirements: "
            "Password should have at least one uppercase letter, Password should have at least one symbol",
        ),
        (
            "12345678",
            None,
            "Password should meet 2 more of the following requirements: Password should have at least one uppercase "
            "letter, Password should have at least one lowercase letter, Password should have at least one symbol",
        ),
        ("Ab1", PasswordPolicyRecord(length_min=12), "Password should have a minimum length of 12"),
        ("abcdef", PasswordPolicyRecord(numbers=True), "Password should have at least one number"),
    ],
)
def test_what_a_bad_password_is_told(password: str, policy: PasswordPolicyRecord | None, told: str) -> None:
    """People read it, and choose the next one by it."""
    with pytest.raises(PasswordPolicyViolation) as caught:
        passwords.check_password(password, policy)
    assert caught.value.message == told


@pytest.mark.parametrize(
    ("policy", "password", "good"),
    [
        (PasswordPolicyRecord(), "simple", True),
        (PasswordPolicyRecord(), "short", False),
        (PasswordPolicyRecord(length_min=128), "x" * 128, True),
        (PasswordPolicyRecord(length_min=128), "x" * 127, False),
        (PasswordPolicyRecord(symbols=True), "abcdef", False),
        (PasswordPolicyRecord(symbols=True), "abcde'", True),
        (PasswordPolicyRecord(symbols=True), "abcde~", False),  # not among the symbols of the API's page
        (PasswordPolicyRecord(numbers=True), "abcdef", False),
        (PasswordPolicyRecord(numbers=True), "abcde7", True),
        (PasswordPolicyRecord(uppercase=True), "abcdef", False),
        (PasswordPolicyRecord(uppercase=True), "abcdeF", True),
        (PasswordPolicyRecord(lowercase=True), "ABCDEF", False),
        (PasswordPolicyRecord(lowercase=True), "ABCDEf", True),
    ],
)
def test_an_accounts_own_policy(policy: PasswordPolicyRecord, password: str, good: bool) -> None:
    """It stands instead of the default; it may even be weaker (API_UpdateAccountPasswordPolicy)."""
    assert accepted(password, policy) == good


@pytest.mark.parametrize(("count", "refused"), [(None, []), (1, [0]), (2, [0, 1]), (24, [0, 1, 2])])
def test_former_passwords_are_refused(count: int | None, refused: list[int]) -> None:
    """The present one counts as one of the last."""
    hashes = [bytes([n]) * 32 for n in range(3)]
    profile = LoginProfileRecord(created_at=NOW, changed_at=NOW, salt=b"", hashed=hashes[0], former=tuple(hashes[1:]))
    policy = PasswordPolicyRecord(reuse_prevention=count)
    for number, hashed in enumerate(hashes):
        if number in refused:
            with pytest.raises(PasswordPolicyViolation):
                passwords.check_reuse(profile, hashed, policy)
        else:
            passwords.check_reuse(profile, hashed, policy)
    passwords.check_reuse(profile, hashes[0], None)


def test_a_hash_depends_on_the_salt() -> None:
    """Two users with the same password have nothing in common."""
    assert passwords.hash_password("secret", salt=b"1" * 16) != passwords.hash_password("secret", salt=b"2" * 16)

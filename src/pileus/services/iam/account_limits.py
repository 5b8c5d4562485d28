"""Which numbers does IAM publish for credentials, providers and certificates?

Source, unless another is named: IAM User Guide, "IAM and AWS STS quotas".
"""

from datetime import timedelta
from typing import Final

PASSWORD_CHARS_MIN_DEFAULT: Final = 8
"""Of the default policy, where the account has none. Source: IAM User Guide, "Default password policy"."""
PASSWORD_KINDS_MIN_DEFAULT: Final = 3
"""Of upper case, lower case, numbers and symbols."""
PASSWORDS_REMEMBERED_MAX: Final = 24
"""Source: API_UpdateAccountPasswordPolicy, PasswordReusePrevention."""

MFA_DEVICES_PER_USER_MAX: Final = 8
MFA_STEP: Final = timedelta(seconds=30)
"""How long a code of a virtual device is shown (RFC 6238, section 4.1)."""
MFA_STEPS_ALLOWED: Final = 1
"""How far a code may be off in daily use (RFC 6238, section 5.2)."""
MFA_STEPS_ENABLING: Final = 10
"""How far a device's clock may be off when it is enabled; AWS tells no number, five minutes is ours."""
MFA_STEPS_RESYNC: Final = 120
"""As MFA_STEPS_ENABLING, when it is synchronised again: an hour."""

OIDC_PROVIDERS_MAX: Final = 100
OIDC_CLIENT_IDS_MAX: Final = 100
OIDC_THUMBPRINTS_MAX: Final = 5
SAML_PROVIDERS_MAX: Final = 100
SAML_KEYS_MAX: Final = 2
"""Source: API_UpdateSAMLProvider, AddPrivateKey."""
SAML_VALIDITY_YEARS: Final = 100
"""Of a provider whose metadata names no end. Seen on AWS."""
SERVER_CERTIFICATES_MAX: Final = 20

REPORT_VALIDITY: Final = timedelta(hours=4)
"""Source: IAM User Guide, "Generate credential reports for your AWS account"."""
KEY_USE_INTERVAL: Final = timedelta(minutes=1)
"""The last use of a key or a role is written down at most this often. AWS promises less (API_GetAccessKeyLastUsed)."""

SERVICE_CREDENTIALS_MAX: Final = 2
"""Of one user for one service. Source: API_CreateServiceSpecificCredential."""
ACCESS_REPORTS_MAX: Final = 100
"""Of an account; older ones are forgotten. AWS forgets them by time."""
SSH_KEYS_PER_USER_MAX: Final = 5
SIGNING_CERTIFICATES_PER_USER_MAX: Final = 2

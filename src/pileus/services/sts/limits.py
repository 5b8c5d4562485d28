"""Every number that STS publishes."""

from datetime import timedelta
from typing import Final

SESSION_DURATION_DEFAULT: Final = timedelta(hours=1)
"""Of a role's session. Source: API_AssumeRole, DurationSeconds."""

SESSION_DURATION_CHAINED_MAX: Final = timedelta(hours=1)
"""Of a role assumed with the credentials of a role. Source: API_AssumeRole, DurationSeconds."""

USER_SESSION_DURATION_DEFAULT: Final = timedelta(hours=12)
"""Source: API_GetSessionToken, API_GetFederationToken, DurationSeconds."""

ROOT_SESSION_DURATION_MAX: Final = timedelta(hours=1)
"""What is longer becomes this. Source: API_GetSessionToken, API_GetFederationToken, DurationSeconds."""

SESSION_DURATION_MIN: Final = timedelta(minutes=15)
"""Source: API_AssumeRoleWithSAML, DurationSeconds."""

SESSION_POLICY_CHARS_MAX: Final = 2_048
"""Plain text of an inline session policy and the ARNs of managed ones together. Source: API_AssumeRole, Policy."""

SESSION_POLICY_ARNS_MAX: Final = 10
"""Source: API_AssumeRole, PolicyArns."""

SESSION_TAGS_MAX: Final = 50
"""Source: API_AssumeRole, Tags."""

PACKED_BYTES_MAX: Final = 2_048
"""Of session policies and tags, packed in our way: AWS publishes neither its way nor its limit."""

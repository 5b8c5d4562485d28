"""Every number that STS publishes."""

from datetime import timedelta
from typing import Final

SESSION_DURATION_DEFAULT: Final = timedelta(hours=1)
"""Source: API_AssumeRole, DurationSeconds."""

SESSION_DURATION_CHAINED_MAX: Final = timedelta(hours=1)
"""Of a role assumed with the credentials of a role. Source: API_AssumeRole, DurationSeconds."""

SESSION_POLICY_CHARS_MAX: Final = 2_048
"""Plain text of inline session policies. Source: API_AssumeRole, Policy."""

"""Every number that IAM publishes. Source: IAM User Guide, "IAM and AWS STS quotas"."""

from datetime import timedelta
from typing import Final

ACCESS_KEYS_PER_USER_MAX: Final = 2
TRUST_POLICY_CHARS_MAX: Final = 2_048
"""Of a role; white space is not counted."""
ROLE_INLINE_POLICIES_CHARS_MAX: Final = 10_240
"""All inline policies of a role together; white space is not counted."""
SESSION_DURATION_MAX_DEFAULT: Final = timedelta(hours=1)
"""Source: API_CreateRole, MaxSessionDuration."""
PAGE_ITEMS_DEFAULT: Final = 100
"""Source: API_ListRoles, MaxItems."""

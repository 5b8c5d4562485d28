"""Every number that IAM publishes. Source: IAM User Guide, "IAM and AWS STS quotas"."""

from datetime import timedelta
from typing import Final

ACCESS_KEYS_PER_USER_MAX: Final = 2
USERS_PER_ACCOUNT_MAX: Final = 5_000
GROUPS_PER_ACCOUNT_MAX: Final = 300
GROUPS_PER_USER_MAX: Final = 10
ROLES_PER_ACCOUNT_MAX: Final = 1_000
"""The default, which AWS raises on request; so are the two that follow."""
POLICIES_PER_ACCOUNT_MAX: Final = 1_500
INSTANCE_PROFILES_PER_ACCOUNT_MAX: Final = 1_000
ATTACHED_POLICIES_MAX: Final = 10
"""Of a user, a group or a role; the default."""
POLICY_VERSIONS_MAX: Final = 5
ROLES_PER_INSTANCE_PROFILE_MAX: Final = 1
TAGS_MAX: Final = 50

TRUST_POLICY_CHARS_MAX: Final = 2_048
"""Of a role; white space is not counted."""
MANAGED_POLICY_CHARS_MAX: Final = 6_144
"""White space is not counted."""
USER_INLINE_POLICIES_CHARS_MAX: Final = 2_048
"""All inline policies of a user together; white space is not counted. So are the two that follow."""
GROUP_INLINE_POLICIES_CHARS_MAX: Final = 5_120
ROLE_INLINE_POLICIES_CHARS_MAX: Final = 10_240

SESSION_DURATION_MAX_DEFAULT: Final = timedelta(hours=1)
"""Source: API_CreateRole, MaxSessionDuration."""
PAGE_ITEMS_DEFAULT: Final = 100
"""Source: API_ListRoles, MaxItems."""

SIMULATED_ACTIONS_MAX: Final = 5_000
"""Of one simulation; AWS publishes no such number. Nor for the four that follow."""
SIMULATED_RESOURCES_MAX: Final = 1_000
SIMULATED_POLICIES_CHARS_MAX: Final = 500_000
"""All policies of a simulation together."""
SIMULATED_RESULTS_MAX: Final = 2_000
"""Of a page, counted by resource, and so are the statements that match: then the page ends before it is full."""
SIMULATED_MATCHES_MAX: Final = 20_000

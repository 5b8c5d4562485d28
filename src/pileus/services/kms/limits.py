"""What are the numbers of KMS?

Sources: KMS Developer Guide, "Resource quotas"; API_ScheduleKeyDeletion, API_EnableKeyRotation, API_RotateKeyOnDemand,
API_GetParametersForImport, API_TagResource, the `Limit` of each list.
"""

from datetime import timedelta
from typing import Final

PENDING_DAYS_MIN: Final = 7
PENDING_DAYS_MAX: Final = 30
PENDING_DAYS_DEFAULT: Final = 30
ROTATION_DAYS_DEFAULT: Final = 365
ON_DEMAND_ROTATIONS_MAX: Final = 25
ALIASES_PER_KEY_MAX: Final = 50
GRANTS_PER_KEY_MAX: Final = 50_000
TAGS_MAX: Final = 50
POLICY_BYTES_MAX: Final = 32 * 1024
IMPORT_VALID_FOR: Final = timedelta(hours=24)
MATERIAL_VALID_MAX: Final = timedelta(days=365)
"""API_ImportKeyMaterial, `ValidTo`."""
KEYS_LISTED_DEFAULT: Final = 100
ALIASES_LISTED_DEFAULT: Final = 50
GRANTS_LISTED_DEFAULT: Final = 50
TAGS_LISTED_DEFAULT: Final = 50
TAGS_LISTED_MAX: Final = 50
GRANTS_LISTED_MAX: Final = 100
ALIASES_LISTED_MAX: Final = 100
ROTATIONS_LISTED_DEFAULT: Final = 100

"""What must somebody be allowed to do, to use S3?

Sources: Service Authorization Reference, "Amazon S3"; S3 User Guide, "Required permissions for Amazon S3 API
operations".
"""

from typing import Final

from pileus.kernel.auth.permissions import Permissions

PERMISSIONS: Final[Permissions] = {}

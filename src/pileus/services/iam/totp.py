"""Is this the code that a virtual MFA device shows?

Time-based one-time passwords (RFC 6238) of six digits, over HMAC-SHA-1 as all authenticator apps do. A device's clock
may be off: `drift` is how many steps it is ahead, found when the device is enabled or synchronised again.
"""

import base64
import hmac
from datetime import datetime
from typing import Final

from pileus.services.iam.account_limits import MFA_STEP, MFA_STEPS_ALLOWED

SEED_BYTES: Final = 40
"""AWS's seeds have 64 base32 characters."""
_DIGITS: Final = 6


def base32_seed(seed: bytes) -> bytes:
    """As a user types it into an app."""
    return base64.b32encode(seed)


def code_at(seed: bytes, step: int) -> str:
    """The code of one step (RFC 4226, section 5.3)."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def step_at(moment: datetime) -> int:
    return int(moment.timestamp() // MFA_STEP.total_seconds())


def step_of(code: str, seed: bytes, *, now: datetime, drift: int, after: int) -> int | None:
    """The step on the device's clock of which this is the code; None unless it is about now and later than `after`."""
    center = step_at(now) + drift
    for step in range(center - MFA_STEPS_ALLOWED, center + MFA_STEPS_ALLOWED + 1):
        if step > after and hmac.compare_digest(code_at(seed, step), code):
            return step
    return None


def step_of_pair(first: str, second: str, seed: bytes, *, now: datetime, within: int, after: int) -> int | None:
    """The step of the second of two consecutive codes, at most `within` steps away from now; None when they are not."""
    center = step_at(now)
    for away in sorted(range(-within, within + 1), key=abs):
        step = center + away
        if step <= after or not hmac.compare_digest(code_at(seed, step), second):
            continue
        if hmac.compare_digest(code_at(seed, step - 1), first):
            return step
    return None

"""What goes along with messages and events of a request is a trace, or nothing."""

from typing import Final
from urllib.parse import quote

import pytest

from pileus.kernel.traces import trace_of

_ROOT: Final = "Root=1-3152b799-8954dae64eda91bc9a23a7e8"
_WHOLE: Final = f"{_ROOT};Parent=7fa8c0f79203be72;Sampled=1"
_COUNTED: Final = f"{_WHOLE};Lineage=a87bd80c:1|68fd508a:16"


@pytest.mark.parametrize(
    ("header", "goes_along"),
    [
        ("", ""),
        (_ROOT, _ROOT),
        (_WHOLE, _WHOLE),
        (_COUNTED, _COUNTED),
        (quote(_COUNTED, safe="-=;:+&[]{}\"',"), _COUNTED),  # as botocore sends it
        (quote(_COUNTED), _COUNTED),
        ("nonsense", ""),
        (f"{_WHOLE}\n", ""),
        (f"{_ROOT};a=%0d%0ab", ""),
        (f"{_ROOT};a=" + "x" * 1_024, ""),
        (f"{_ROOT};a=%", ""),
    ],
)
def test_what_goes_along(header: str, goes_along: str) -> None:
    """Somebody else wrote it, and somebody else will read it."""
    assert trace_of(header) == goes_along

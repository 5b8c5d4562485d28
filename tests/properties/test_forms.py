"""Forms are taken apart as Python's own parser does, which is slower."""

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.wire.forms import parse_query
from pileus.kernel.wire.text_values import NotReadable


@given(st.text(alphabet="ab=&%+;4G1é\x00c2", max_size=25))
def test_forms_and_the_standard_library_agree(text: str) -> None:
    """Names without values, broken escapes, bytes that are no UTF-8, separators of other times."""
    try:
        expected = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=10_000)
    except ValueError:
        expected = None
    try:
        found = parse_query(text)
    except NotReadable:
        found = None
    assert found == expected

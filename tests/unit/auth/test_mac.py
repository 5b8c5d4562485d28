"""A prepared key: the same HMAC as the standard library's, for every key that a signature may have."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.auth.canonical import HeaderLines
from pileus.kernel.auth.mac import Mac


@given(st.binary(max_size=64), st.lists(st.binary(max_size=300), min_size=1, max_size=3))
def test_it_is_the_standard_librarys(key: bytes, texts: list[bytes]) -> None:
    """Every signature rests on this; and one prepared key serves many texts, none of which may leave a trace."""
    mac = Mac(key)
    assert [mac.hexdigest(text) for text in texts] == [hmac.digest(key, text, "sha256").hex() for text in texts]


_VALUE = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=12
) | st.sampled_from(["a  b", " a", "a ", "a\tb", "a: b", "100%", "%s", "\xa0a\xa0", ""])


@given(st.dictionaries(st.sampled_from(["host", "x-amz-date", "x-%s", "range", "x-amz-meta-a"]), _VALUE, min_size=1))
def test_header_lines_are_trimmed_as_aws_says(headers: dict[str, str]) -> None:
    """The quick way must write what the manual's way writes: blanks trimmed and folded, and nothing else touched."""
    expected = ""
    for name, value in headers.items():
        words = [word for word in value.replace("\t", " ").split(" ") if word]
        expected += f"{name}:{' '.join(words)}\n"
    assert HeaderLines(tuple(headers)).of({**headers, "other": "x"}) == expected


def test_a_signed_header_that_did_not_arrive() -> None:
    """Who verifies tells such a signature from others by this error."""
    with pytest.raises(KeyError):
        HeaderLines(("host", "range")).of({"host": "a"})

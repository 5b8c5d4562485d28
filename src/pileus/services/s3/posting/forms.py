"""What does a form order, and who signed it?

Its fields become the headers of the PutObject that it stands for. Of its signature there are two versions, and none:
then nobody in particular uploads.

Sources: S3 API Reference, "POST Object", "Browser-Based Uploads Using POST"; recordings s3/s3, TestS3PresignedPost
(test_post_request_missing_signature, test_post_request_missing_fields, test_post_object_with_tags).
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from pileus.kernel.auth.presigned import credential_flaw
from pileus.kernel.auth.signed_policies import SignedPolicy
from pileus.kernel.wire.text_values import NotReadable
from pileus.kernel.wire.xml_tree import Element, read_xml
from pileus.services.s3.errors import InvalidArgument, MalformedXML
from pileus.services.s3.posting.errors import FieldMissing
from pileus.services.s3.posting.multipart import Field

_FILENAME: Final = "${filename}"
_DATE: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_NEW: Final = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature")
_OLD: Final = ("AWSAccessKeyId", "Signature")
_OF_THE_SIGNATURE: Final = frozenset({*(name.lower() for name in (*_NEW, *_OLD)), "policy", "x-amz-security-token"})
_CONTENT: Final = frozenset(
    {
        *("cache-control", "content-disposition", "content-encoding", "content-language", "content-md5"),
        *("content-type", "expires"),
    }
)
_FILENAMES_KEPT: Final = _OF_THE_SIGNATURE
"""Fields in which `${filename}` is no variable."""


class Form:
    """The fields of a form, by their names whatever the case."""

    def __init__(self, fields: Iterable[Field], *, filename: str | None) -> None:
        """filename: of the file; a browser may send the path of its own disk. None leaves `${filename}` as it is."""
        bare = None if filename is None else re.split(r"[/\\]", filename)[-1]
        self.fields: dict[str, tuple[str, str]] = {}
        for field in fields:
            name, value = field.name.lower(), field.value
            if bare is not None and _FILENAME in value and name not in _FILENAMES_KEPT:
                value = value.replace(_FILENAME, bare)
            self.fields.setdefault(name, (field.name, value))

    def get(self, name: str) -> str:
        """A field's value; empty without it. name: in lower case."""
        return self.fields.get(name, ("", ""))[1]

    @property
    def key(self) -> str:
        """The object's; FieldMissing."""
        if not (key := self.get("key")):
            raise FieldMissing("key")
        return key

    @property
    def status(self) -> int:
        """Of the answer, where it leads nowhere else."""
        asked = self.get("success_action_status")
        return int(asked) if asked in {"200", "201"} else 204

    @property
    def leads_to(self) -> str:
        """Where the browser is sent afterwards; empty for nowhere. What is no URL is as if it were not there."""
        url = self.get("success_action_redirect") or self.get("redirect")
        try:
            parts = urlsplit(url)
        except ValueError:
            return ""
        safe = url.isprintable() and parts.scheme in {"http", "https"} and bool(parts.netloc)
        return quote(url, safe="%/:=&?~#+!$,;'@()*[]") if safe else ""

    def signed_policy(self) -> SignedPolicy | None:
        """What the form says of its signature; None of one that nobody signed. FieldMissing, InvalidArgument."""
        if any(name.lower() in self.fields for name in _NEW):
            self._require(*_NEW, "Policy")
            return self._of_version_4()
        if any(name.lower() in self.fields for name in _OLD):
            self._require(*_OLD, "Policy")
            return SignedPolicy(
                self.get("awsaccesskeyid"), self.get("policy"), self.get("signature"), (), self._session_token
            )
        return None

    @property
    def signature_query(self) -> str:
        """As a presigned URL would say by which version it is signed, for who has a policy about that."""
        return "X-Amz-Signature=form" if "x-amz-signature" in self.fields else ""

    def headers(self) -> Mapping[str, str]:
        """Those of the PutObject that the form stands for. MalformedXML, of tags."""
        headers = {
            name: _as_metadata(value) if name.startswith("x-amz-meta-") else _as_header(value)
            for name, (_, value) in self.fields.items()
            if name in _CONTENT or (name.startswith("x-amz-") and name not in _OF_THE_SIGNATURE)
        }
        if "acl" in self.fields:
            headers["x-amz-acl"] = _as_header(self.get("acl"))
        if "tagging" in self.fields:
            headers["x-amz-tagging"] = urlencode(_tags(self.get("tagging")))
        return headers

    @property
    def _session_token(self) -> str | None:
        return self.get("x-amz-security-token") or None

    def _require(self, *names: str) -> None:
        for name in names:
            if not self.get(name.lower()):
                raise FieldMissing(name)

    def _of_version_4(self) -> SignedPolicy:
        if self.get("x-amz-algorithm") != _ALGORITHM:
            raise InvalidArgument(
                f'X-Amz-Algorithm only supports "{_ALGORITHM}"',
                name="X-Amz-Algorithm",
                value=self.get("x-amz-algorithm"),
            )
        credential = self.get("x-amz-credential")
        if (flaw := credential_flaw(credential)) is not None:
            raise InvalidArgument(flaw, name="X-Amz-Credential", value=credential)
        if not _DATE.fullmatch(self.get("x-amz-date")):
            # The words are S3's own.
            raise InvalidArgument(
                "X-Amz-Date must be formated via ISO8601 Long format", name="X-Amz-Date", value=self.get("x-amz-date")
            )
        access_key_id, day, region, service, _ = credential.rsplit("/", 4)
        return SignedPolicy(
            access_key_id, self.get("policy"), self.get("x-amz-signature"), (day, region, service), self._session_token
        )


def _as_header(value: str) -> str:
    """A value as the header of a request would have brought it."""
    return value.encode(errors="replace").decode("latin-1")


def _as_metadata(value: str) -> str:
    """What a form says is meant as it stands, a word of RFC 2047 too (test_post_object_with_unicode_metadata)."""
    return f"=?UTF-8?B?{b64encode(value.encode(errors='replace')).decode()}?=" if "=?" in value else _as_header(value)


def _tags(text: str) -> list[tuple[str, str]]:
    """The pairs in a `Tagging` document. What else is in it is nothing (test_post_object_with_tags[invalid])."""
    try:
        root = read_xml(text.encode(errors="replace"))
    except NotReadable:
        raise MalformedXML from None
    if root.name != "Tagging":
        return []
    return [
        (_text(tag, "Key"), _text(tag, "Value"))
        for tags in root.children
        if tags.name == "TagSet"
        for tag in tags.children
        if tag.name == "Tag"
    ]


def _text(element: Element, name: str) -> str:
    return next((child.text for child in element.children if child.name == name), "")

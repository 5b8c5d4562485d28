"""What might be asked of S3 that it should refuse, and how does it, in AWS's words?

Tables of requests with the status and the code that answer them; "" where HTTP refuses, or AWS's code is not known.
"""

import binascii
import random
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import md5, sha256
from typing import Any, Final

from tests.fuzz.s3_requests import EMPTY_SHA256, Signer, request

BUCKET: Final = "hostile"
Make = Callable[[Signer], bytes]


def ask(method: str, target: str, body: bytes = b"", **options: Any) -> Make:
    """A request that is signed as it should be, whatever it asks."""
    return lambda signer: request(signer, method, target.replace("BUCKET", BUCKET), body=body, **options)


def with_md5(body: bytes) -> dict[str, str]:
    return {"content-md5": b64encode(md5(body).digest()).decode()}


def xml(target: str, body: bytes, *, method: str = "PUT") -> Make:
    """A document, with the checksum that some operations want."""
    return ask(method, target, body, headers=with_md5(body))


_NAMESPACE: Final = b' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_LAUGHS: Final = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12))
    + b"]><Delete><Object><Key>&m;</Key></Object></Delete>"
)
_OUTSIDE: Final = (
    b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<Delete><Object><Key>&x;</Key></Object></Delete>"
)


def deletes(count: int) -> bytes:
    return b"<Delete>" + b"<Object><Key>k</Key></Object>" * count + b"</Delete>"


XML_CASES: Final[dict[str, tuple[Make, int, str]]] = {
    "entities that grow": (xml("/BUCKET?delete", _LAUGHS, method="POST"), 400, "MalformedXML"),
    "an entity from outside": (xml("/BUCKET?delete", _OUTSIDE, method="POST"), 400, "MalformedXML"),
    "a doctype": (xml("/BUCKET?versioning", b"<!DOCTYPE a><VersioningConfiguration/>"), 400, "MalformedXML"),
    "deep": (xml("/BUCKET?tagging", b"<Tagging>" * 100_000), 400, "MalformedXML"),
    "deep and closed": (xml("/BUCKET?tagging", b"<a>" * 5_000 + b"</a>" * 5_000), 400, "MalformedXML"),
    "cut off": (xml("/BUCKET?versioning", b"<VersioningConfiguration><Sta"), 400, "MalformedXML"),
    "empty delete": (xml("/BUCKET?delete", b"", method="POST"), 400, "MissingRequestBodyError"),
    "empty versioning": (xml("/BUCKET?versioning", b""), 400, "MissingRequestBodyError"),
    "another root": (xml("/BUCKET?versioning", b"<Tagging/>"), 400, "MalformedXML"),
    "another root of a delete": (xml("/BUCKET?delete", b"<Remove/>", method="POST"), 400, "MalformedXML"),
    "no XML": (xml("/BUCKET?versioning", b'{"Status": "Enabled"}'), 400, "MalformedXML"),
    "NUL": (
        xml("/BUCKET?delete", b"<Delete><Object><Key>\0</Key></Object></Delete>", method="POST"),
        400,
        "MalformedXML",
    ),
    "a reference to NUL": (
        xml("/BUCKET?delete", b"<Delete><Object><Key>&#0;</Key></Object></Delete>", method="POST"),
        400,
        "MalformedXML",
    ),
    "a surrogate": (
        xml("/BUCKET?delete", b"<Delete><Object><Key>\xed\xa0\x80</Key></Object></Delete>", method="POST"),
        400,
        "MalformedXML",
    ),
    "Latin-1 that says UTF-8": (
        xml("/BUCKET?tagging", b'<?xml version="1.0" encoding="UTF-8"?><Tagging>\xe9</Tagging>'),
        400,
        "MalformedXML",
    ),
    "an unknown encoding": (
        xml("/BUCKET?tagging", b'<?xml version="1.0" encoding="EBCDIC-CP-BE"?><Tagging/>'),
        400,
        "MalformedXML",
    ),
    "half of UTF-16": (xml("/BUCKET?tagging", "<Tagging/>".encode("utf-16")[:-3]), 400, "MalformedXML"),
    "UTF-7": (xml("/BUCKET?tagging", b'<?xml version="1.0" encoding="UTF-7"?>+ADw-Tagging/+AD4-'), 400, "MalformedXML"),
    "two roots": (xml("/BUCKET?tagging", b"<Tagging/><Tagging/>"), 400, "MalformedXML"),
    "nothing to delete": (xml("/BUCKET?delete", b"<Delete/>", method="POST"), 400, "MalformedXML"),
    "1001 deletes": (xml("/BUCKET?delete", deletes(1001), method="POST"), 400, "MalformedXML"),
    "a hundred thousand deletes": (xml("/BUCKET?delete", deletes(100_000), method="POST"), 400, "MalformedXML"),
    "delete without a checksum": (ask("POST", "/BUCKET?delete", deletes(1)), 400, "InvalidRequest"),
    "delete with a wrong MD5": (ask("POST", "/BUCKET?delete", deletes(1), headers=with_md5(b"")), 400, "BadDigest"),
    "delete with no MD5 at all": (
        ask("POST", "/BUCKET?delete", deletes(1), headers={"content-md5": "x"}),
        400,
        "InvalidDigest",
    ),
    "a status that is none": (
        xml("/BUCKET?versioning", b"<VersioningConfiguration><Status>On</Status></VersioningConfiguration>"),
        400,
        "MalformedXML",
    ),
    "a tag without a key": (
        xml("/BUCKET?tagging", b"<Tagging><TagSet><Tag><Value>v</Value></Tag></TagSet></Tagging>"),
        400,
        "MalformedXML",
    ),
    "a rule without an end": (
        xml("/BUCKET?lifecycle", b"<LifecycleConfiguration><Rule></Rule></LifecycleConfiguration>"),
        400,
        "MalformedXML",
    ),
    "a day that is no number": (
        xml(
            "/BUCKET?lifecycle",
            b"<LifecycleConfiguration><Rule><Filter/><Status>Enabled</Status><Expiration><Days>"
            + b"9" * 5000
            + b"</Days></Expiration></Rule></LifecycleConfiguration>",
        ),
        400,
        "MalformedXML",
    ),
    "CORS of nobody": (xml("/BUCKET?cors", b"<CORSConfiguration/>"), 400, "MalformedXML"),
    "a policy that is no JSON": (xml("/BUCKET?policy", b"<Policy/>"), 400, "MalformedPolicy"),
    "a policy of brackets": (xml("/BUCKET?policy", b"[" * 15_000), 400, "MalformedPolicy"),
    "an ACL without owner": (
        xml("/BUCKET?acl", b"<AccessControlPolicy" + _NAMESPACE + b"></AccessControlPolicy>"),
        400,
        "MalformedACLError",
    ),
    "a bucket of no region": (
        xml(
            "/hostile-second",
            b"<CreateBucketConfiguration><LocationConstraint>mars-1</LocationConstraint></CreateBucketConfiguration>",
        ),
        400,
        "InvalidLocationConstraint",
    ),
    "complete with no number": (
        lambda signer: request(
            signer,
            "POST",
            f"/{BUCKET}/upload?uploadId=UPLOAD",
            body=b"<CompleteMultipartUpload><Part>"
            b"<PartNumber>one</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
        ),
        400,
        "MalformedXML",
    ),
}


def chunked(
    data: bytes = b"x" * 20_000,
    *,
    marker: str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    decoded: str | None = None,
    alter: Callable[[bytes], bytes] = lambda body: body,
    headers: dict[str, str] | None = None,
    trailer: bytes = b"",
    sizes: tuple[int, ...] = (16_384,),
) -> Make:
    """A put in chunks, signed where the marker says so; `alter` changes the body on its way."""

    def make(signer: Signer) -> bytes:
        told = {"x-amz-decoded-content-length": str(len(data)) if decoded is None else decoded, **(headers or {})}
        target = f"/{BUCKET}/chunked"
        signed, previous = signer.headers("PUT", target, told, content_sha256=marker)
        body, at = b"", 0
        cuts = [*sizes, len(data) - sum(sizes), 0]
        for size in cuts:
            part, at = data[at : at + size], at + size
            if marker.startswith("STREAMING-AWS4"):
                previous = signer.chunk(previous, part)
                body += b"%x;chunk-signature=%s\r\n" % (len(part), previous.encode())
            else:
                body += b"%x\r\n" % len(part)
            body += part + b"\r\n" if part else b""
        body = alter(body + trailer + b"\r\n")
        lines = [f"PUT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in signed.items())]
        lines += [f"Content-Length: {len(body)}", "Connection: close"]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    return make


UNSIGNED: Final = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_CRC_HEADERS: Final = {"x-amz-trailer": "x-amz-checksum-crc32"}


def crc32_text(data: bytes) -> bytes:
    return b64encode(binascii.crc32(data).to_bytes(4, "big"))


def trailed(trailer: bytes, **options: Any) -> Make:
    return chunked(marker=UNSIGNED, headers=_CRC_HEADERS, trailer=trailer, **options)


_GOOD_TRAILER: Final = b"x-amz-checksum-crc32:" + crc32_text(b"x" * 20_000) + b"\r\n"
CHUNK_CASES: Final[dict[str, tuple[Make, int, str]]] = {
    "right": (chunked(), 200, ""),
    "right, unsigned": (trailed(_GOOD_TRAILER), 200, ""),
    "a byte of a chunk": (chunked(alter=lambda body: body.replace(b"xxx", b"xxy", 1)), 403, "SignatureDoesNotMatch"),
    "a signature": (
        chunked(alter=lambda body: body.replace(b"signature=", b"signature=0", 1)),
        403,
        "SignatureDoesNotMatch",
    ),
    "no signature": (chunked(alter=lambda body: body.replace(b";chunk-signature=", b";x=", 1)), 400, "IncompleteBody"),
    "without its end": (chunked(alter=lambda body: body[:-300]), 400, "IncompleteBody"),
    "in the midst": (chunked(alter=lambda body: body[:5_000]), 400, "IncompleteBody"),
    "nothing": (chunked(alter=lambda body: b""), 400, "IncompleteBody"),
    "a size that is none": (chunked(alter=lambda body: b"zz" + body[2:]), 400, "IncompleteBody"),
    "a size beyond 64 bits": (chunked(alter=lambda body: b"f" * 17 + body[4:]), 400, "IncompleteBody"),
    "a size of 64 bits": (chunked(alter=lambda body: b"f" * 16 + body[4:]), 400, "IncompleteBody"),
    "a negative size": (chunked(alter=lambda body: b"-1" + body[4:]), 400, "IncompleteBody"),
    "an endless line": (chunked(alter=lambda body: b"0" * 100_000 + body), 400, "IncompleteBody"),
    "more than announced": (chunked(decoded="10"), 400, "IncompleteBody"),
    "less than announced": (chunked(decoded="40000"), 400, "IncompleteBody"),
    "no length": (chunked(decoded=""), 411, "MissingContentLength"),
    "a negative length": (chunked(decoded="-5"), 411, "MissingContentLength"),
    "an endless length": (chunked(decoded="9" * 400), 411, "MissingContentLength"),
    "a length beyond 5 GiB": (chunked(decoded="9" * 14), 400, "IncompleteBody"),
    "short chunks": (chunked(sizes=(100, 100)), 400, "InvalidChunkSizeError"),
    "bytes behind the end": (chunked(alter=lambda body: body + b"more"), 400, "IncompleteBody"),
    "an unknown marker": (chunked(marker="STREAMING-AWS4-HMAC-SHA512-PAYLOAD"), 400, "InvalidArgument"),
    "a trailer that is wrong": (trailed(b"x-amz-checksum-crc32:AAAAAA==\r\n"), 400, "BadDigest"),
    "a trailer that is none": (trailed(b"x-amz-checksum-crc32:?\r\n"), 400, "InvalidRequest"),
    "a trailer that nobody announced": (
        trailed(_GOOD_TRAILER + b"x-amz-checksum-sha1:AAAA\r\n"),
        400,
        "MalformedTrailerError",
    ),
    "a trailer twice": (trailed(_GOOD_TRAILER * 2), 400, "MalformedTrailerError"),
    "no trailer": (trailed(b""), 400, "MalformedTrailerError"),
    "a trailer without a colon": (trailed(b"x-amz-checksum-crc32\r\n"), 400, "MalformedTrailerError"),
    "ten thousand trailers": (trailed(b"a:b\r\n" * 10_000), 400, "MalformedTrailerError"),
    "a trailer that never ends": (trailed(b"x-amz-checksum-crc32:" + b"A" * 100_000), 400, "MalformedTrailerError"),
    "a trailer of no checksum": (
        chunked(marker=UNSIGNED, headers={"x-amz-trailer": "host"}, trailer=b"host:x\r\n"),
        400,
        "InvalidRequest",
    ),
}


def put(key: str = "plain", body: bytes = b"x" * 50_000, **options: Any) -> Make:
    return ask("PUT", f"/BUCKET/{key}", body, **options)


LENGTH_CASES: Final[dict[str, tuple[Make, int, str]]] = {
    "shorter than told": (put(length="60000"), 0, ""),
    "small and shorter than told": (put(body=b"abc", length="5"), 0, ""),
    "no length": (put(body=b"", length=None), 411, "MissingContentLength"),
    "two lengths": (put(extra=["Content-Length: 3"]), 400, ""),
    "no number": (put(length="abc"), 400, ""),
    "a negative number": (put(length="-1"), 400, ""),
    "with a sign": (put(body=b"abc", length="+3"), 400, ""),
    "beyond 5 GiB": (put(body=b"x", length="5368709121"), 400, "EntityTooLarge"),
    "beyond all": (put(body=b"x", length="9" * 30), 400, ""),
    "chunked by HTTP": (
        put(
            body=b"3\r\nabc\r\n0\r\n\r\n",
            length=None,
            extra=["Transfer-Encoding: chunked"],
            content_sha256="UNSIGNED-PAYLOAD",
        ),
        501,
        "NotImplemented",
    ),
    "chunked and a length": (put(body=b"0\r\n\r\n", extra=["Transfer-Encoding: chunked"]), 400, ""),
    "another hash": (put(content_sha256="0" * 64), 400, "XAmzContentSHA256Mismatch"),
    "a hash that is none": (put(content_sha256="xyz"), 400, "InvalidArgument"),
    "the hash of nothing": (put(content_sha256=EMPTY_SHA256), 400, "XAmzContentSHA256Mismatch"),
    "another MD5": (put(headers=with_md5(b"y")), 400, "BadDigest"),
    "an MD5 that is none": (put(headers={"content-md5": "%%%"}), 400, "InvalidDigest"),
    "a short MD5": (put(headers={"content-md5": "AAAA"}), 400, "InvalidDigest"),
    "another CRC": (put(headers={"x-amz-checksum-crc32": "AAAAAA=="}), 400, "BadDigest"),
    "a CRC that is none": (put(headers={"x-amz-checksum-crc32": "A"}), 400, "InvalidRequest"),
    "two checksums": (
        put(headers={"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha1": "AAAA"}),
        400,
        "InvalidRequest",
    ),
    "an unknown algorithm": (put(headers={"x-amz-sdk-checksum-algorithm": "MD4"}), 400, "InvalidRequest"),
    "another SHA-256, small": (
        put(body=b"x", headers={"x-amz-checksum-sha256": b64encode(sha256(b"y").digest()).decode()}),
        400,
        "BadDigest",
    ),
    "too much metadata": (put(headers={"x-amz-meta-a": "b" * 3_000}), 400, "MetadataTooLarge"),
    "no storage class": (put(headers={"x-amz-storage-class": "SLOW"}), 400, "InvalidStorageClass"),
    "no ACL": (put(headers={"x-amz-acl": "everybody"}), 400, "InvalidArgument"),
    "tags that are none": (put(headers={"x-amz-tagging": "a=b=c"}), 400, "InvalidArgument"),
    "eleven tags": (put(headers={"x-amz-tagging": "&".join(f"k{n}=v" for n in range(11))}), 400, "BadRequest"),
    "encrypted by nothing": (put(headers={"x-amz-server-side-encryption": "ROT13"}), 400, "InvalidArgument"),
    "a customer's key alone": (
        put(headers={"x-amz-server-side-encryption-customer-key": "AAAA"}),
        400,
        "InvalidArgument",
    ),
    "If-None-Match of an ETag": (put(headers={"if-none-match": '"abc"'}), 501, "NotImplemented"),
    "two conditions": (put(headers={"if-none-match": "*", "if-match": '"abc"'}), 501, "NotImplemented"),
    "there is one already": (put(key="kept", headers={"if-none-match": "*"}), 412, "PreconditionFailed"),
    "it is another": (put(key="kept", headers={"if-match": '"abc"'}), 412, "PreconditionFailed"),
    "there is none": (put(key="absent", headers={"if-match": '"abc"'}), 404, "NoSuchKey"),
    "a date for a lock": (
        put(headers={"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "soon"}),
        400,
        "InvalidArgument",
    ),
    "no bucket": (ask("PUT", "/no-such-bucket-x/a", b"x" * 50_000), 404, "NoSuchBucket"),
    "a copy of nothing": (put(body=b"", headers={"x-amz-copy-source": "nothing"}), 400, "InvalidArgument"),
    "a copy of %": (put(body=b"", headers={"x-amz-copy-source": "/%/%ff"}), 404, "NoSuchBucket"),
    "a copy of what is absent": (put(body=b"", headers={"x-amz-copy-source": f"/{BUCKET}/nobody"}), 404, "NoSuchKey"),
    "a copy of no version": (
        put(body=b"", headers={"x-amz-copy-source": f"/{BUCKET}/kept?versionId=x"}),
        400,
        "InvalidArgument",
    ),
    "a copy of dots": (
        put(body=b"", headers={"x-amz-copy-source": f"/{BUCKET}/../../../etc/passwd"}),
        404,
        "NoSuchKey",
    ),
}

LONG: Final = "k" * 1025
PATH_CASES: Final[dict[str, tuple[Make, int, str]]] = {
    "..": (ask("GET", "/BUCKET/../../etc/passwd"), 400, "InvalidURI"),
    "../ put": (put(key="../../../x"), 400, "InvalidURI"),
    ".. within": (put(key="a/../b"), 200, ""),
    "%2e%2e": (ask("GET", "/BUCKET/%2e%2e/%2e%2e/etc/passwd"), 400, "InvalidURI"),
    "%2e%2e as a bucket": (ask("GET", "/%2e%2e/%2e%2e/etc/passwd"), 400, "InvalidURI"),
    ".. as a bucket": (ask("GET", "/../x"), 400, "InvalidURI"),
    "%00": (put(key="a%00b"), 200, ""),
    "//": (put(key="/a//b/"), 200, ""),
    "an overlong slash": (put(key="a%c0%afb"), 400, "InvalidURI"),
    "half of UTF-8": (put(key="a%e2%82"), 400, "InvalidURI"),
    "a surrogate": (put(key="a%ed%a0%80"), 400, "InvalidURI"),
    "%ff": (put(key="%ff"), 400, "InvalidURI"),
    "%": (put(key="a%"), 400, "InvalidURI"),
    "%zz": (put(key="a%zz"), 400, "InvalidURI"),
    "1024 bytes": (put(key="k" * 1024), 200, ""),
    "1025 bytes": (put(key=LONG), 400, "KeyTooLongError"),
    "1025 bytes of an upload": (ask("POST", f"/BUCKET/{LONG}?uploads"), 400, "KeyTooLongError"),
    "1025 bytes to get": (ask("GET", f"/BUCKET/{LONG}"), 404, "NoSuchKey"),
    "1026 bytes in 342 characters": (put(key="%e2%82%ac" * 342), 400, "KeyTooLongError"),
    "1025 bytes to copy to": (
        put(key=LONG, body=b"", headers={"x-amz-copy-source": f"/{BUCKET}/kept"}),
        400,
        "KeyTooLongError",
    ),
    "a bucket with a dot": (ask("PUT", "/a..b"), 400, "InvalidBucketName"),
    "a bucket of capitals": (ask("PUT", "/BIG"), 400, "InvalidBucketName"),
    "a short bucket": (ask("PUT", "/ab"), 400, "InvalidBucketName"),
    "a long bucket": (ask("PUT", "/" + "a" * 64), 400, "InvalidBucketName"),
    "an address": (ask("PUT", "/192.168.5.4"), 400, "InvalidBucketName"),
    "a bucket with a line break": (ask("PUT", "/a%0ab-c"), 400, "InvalidBucketName"),
}

QUERY_CASES: Final[dict[str, tuple[Make, int, str]]] = {
    "an unknown one": (ask("GET", "/BUCKET?nonsense"), 200, ""),
    "an unknown one of an object": (ask("GET", "/BUCKET/kept?nonsense=1"), 200, ""),
    "twice": (ask("GET", "/BUCKET?max-keys=1&max-keys=2"), 200, ""),
    "max-keys of -1": (ask("GET", "/BUCKET?max-keys=-1"), 400, "InvalidArgument"),
    "max-keys beyond": (ask("GET", "/BUCKET?max-keys=99999999999999999999"), 400, "InvalidArgument"),
    "max-keys of letters": (ask("GET", "/BUCKET?max-keys=many"), 400, "InvalidArgument"),
    "max-keys of a fraction": (ask("GET", "/BUCKET?list-type=2&max-keys=1.5"), 400, "InvalidArgument"),
    "max-keys of other digits": (ask("GET", "/BUCKET?list-type=2&max-keys=%D9%A3"), 400, "InvalidArgument"),
    "a token": (ask("GET", "/BUCKET?list-type=2&continuation-token=nonsense"), 400, "InvalidArgument"),
    "an empty token": (ask("GET", "/BUCKET?list-type=2&continuation-token="), 400, "InvalidArgument"),
    "a token of bytes": (ask("GET", "/BUCKET?list-type=2&continuation-token=%ff%fe"), 400, "InvalidURI"),
    "an encoding": (ask("GET", "/BUCKET?encoding-type=base64"), 400, "InvalidArgument"),
    "a version marker alone": (ask("GET", "/BUCKET?versions&version-id-marker=x"), 400, "InvalidArgument"),
    "a version marker of nobody": (
        ask("GET", "/BUCKET?versions&key-marker=a&version-id-marker=nonsense"),
        400,
        "InvalidArgument",
    ),
    "a version": (ask("GET", "/BUCKET/kept?versionId=nonsense"), 400, "InvalidArgument"),
    "an empty version": (ask("GET", "/BUCKET/kept?versionId="), 400, "InvalidArgument"),
    "a version of 32": (ask("GET", "/BUCKET/kept?versionId=" + "a" * 32), 400, "InvalidArgument"),
    "a version of thousands": (ask("GET", "/BUCKET/kept?versionId=" + "a" * 9_000), 400, "InvalidArgument"),
    "a version to delete": (ask("DELETE", "/BUCKET/kept?versionId=nonsense"), 400, "InvalidArgument"),
    "part 0": (ask("PUT", "/BUCKET/upload?partNumber=0&uploadId=x", b"x"), 400, "InvalidArgument"),
    "part 10001": (ask("PUT", "/BUCKET/upload?partNumber=10001&uploadId=x", b"x"), 400, "InvalidArgument"),
    "part x": (ask("PUT", "/BUCKET/upload?partNumber=x&uploadId=x", b"x"), 400, "InvalidArgument"),
    "part 10^30": (ask("PUT", "/BUCKET/upload?partNumber=1" + "0" * 30 + "&uploadId=x", b"x"), 400, "InvalidArgument"),
    "a part of nothing": (ask("PUT", "/BUCKET/upload?partNumber=1&uploadId=x", b"x"), 404, "NoSuchUpload"),
    "a part to get": (ask("GET", "/BUCKET/kept?partNumber=0"), 400, "InvalidArgument"),
    "a second part to get": (ask("GET", "/BUCKET/kept?partNumber=2"), 416, "InvalidPartNumber"),
    "parts of nothing": (ask("GET", "/BUCKET/upload?uploadId=nonsense"), 404, "NoSuchUpload"),
    "abort nothing": (ask("DELETE", "/BUCKET/upload?uploadId=nonsense"), 404, "NoSuchUpload"),
    "a date to tell": (ask("GET", "/BUCKET/kept?response-expires=x"), 400, "InvalidArgument"),
    "a line break to tell": (ask("GET", "/BUCKET/kept?response-content-type=a%0D%0AX-Evil:%20b"), 200, ""),
    "range 5-2": (ask("GET", "/BUCKET/kept", headers={"range": "bytes=5-2"}), 200, ""),
    "range beyond": (ask("GET", "/BUCKET/kept", headers={"range": "bytes=99999999-"}), 416, "InvalidRange"),
    "range of 400 digits": (ask("GET", "/BUCKET/kept", headers={"range": "bytes=" + "9" * 400 + "-"}), 200, ""),
    "range of 5000 digits": (ask("GET", "/BUCKET/kept", headers={"range": "bytes=0-" + "9" * 5_000}), 200, ""),
    "range of -0": (ask("GET", "/BUCKET/kept", headers={"range": "bytes=-0"}), 416, "InvalidRange"),
    "two ranges": (ask("GET", "/BUCKET/kept", headers={"range": "bytes=0-1,2-3"}), 200, ""),
    "a range of lines": (ask("GET", "/BUCKET/kept", headers={"range": "lines=0-1"}), 200, ""),
    "a range and a part": (
        ask("GET", "/BUCKET/kept?partNumber=1", headers={"range": "bytes=0-1"}),
        400,
        "InvalidRequest",
    ),
    "a date of condition": (ask("GET", "/BUCKET/kept", headers={"if-modified-since": "yesterday"}), 200, ""),
    "attributes of nothing": (ask("GET", "/BUCKET/kept?attributes"), 400, "InvalidArgument"),
    "attributes that are none": (
        ask("GET", "/BUCKET/kept?attributes", headers={"x-amz-object-attributes": "Colour"}),
        400,
        "InvalidArgument",
    ),
    "select without a type": (ask("POST", "/BUCKET/kept?select", b"<a/>"), 400, "MalformedXML"),
    "a method": (ask("PATCH", "/BUCKET/kept"), 405, "MethodNotAllowed"),
    "post to an object": (ask("POST", "/BUCKET/kept"), 400, "InvalidArgument"),
    "logging of -1 uploads": (ask("GET", "/BUCKET?uploads&max-uploads=-1"), 400, "InvalidArgument"),
}

OPEN: Final = frozenset(
    {
        "chunks: a byte of a chunk",
        "chunks: a signature",
        "length: another hash",
        "length: the hash of nothing",
    }
)
"""What only those notice who verify signatures."""

CASES: Final = {
    f"{group}: {name}": case
    for group, cases in (
        ("xml", XML_CASES),
        ("chunks", CHUNK_CASES),
        ("length", LENGTH_CASES),
        ("path", PATH_CASES),
        ("query", QUERY_CASES),
    )
    for name, case in cases.items()
}


def altered(part: str, by: str) -> Make:
    """A presigned URL with one parameter changed, or without it."""

    def make(signer: Signer) -> bytes:
        target = signer.presigned("GET", f"/{BUCKET}/kept")
        path, _, query = target.partition("?")
        pairs = [pair.partition("=") for pair in query.split("&")]
        kept = [(name, by if name == part else value) for name, _, value in pairs if by or name != part]
        return request(signer, "GET", path + "?" + "&".join(f"{name}={value}" for name, value in kept), signed=False)

    return make


def presigned(
    change: Callable[[str], str] = lambda target: target, *, method: str = "GET", sent: str = "GET", **options: Any
) -> Make:
    return lambda signer: request(
        signer, sent, change(signer.presigned(method, f"/{BUCKET}/kept", **options)), signed=False
    )


PRESIGNED: Final[dict[str, tuple[Make, int, str]]] = {
    "right": (presigned(), 200, ""),
    "another signature": (altered("X-Amz-Signature", "0" * 64), 403, "SignatureDoesNotMatch"),
    "a short signature": (altered("X-Amz-Signature", "00"), 403, "SignatureDoesNotMatch"),
    "no signature": (altered("X-Amz-Signature", ""), 400, "AuthorizationQueryParametersError"),
    "no date": (altered("X-Amz-Date", ""), 400, "AuthorizationQueryParametersError"),
    "a date that is none": (altered("X-Amz-Date", "yesterday"), 400, "AuthorizationQueryParametersError"),
    "another date": (altered("X-Amz-Date", "20200101T000000Z"), 400, "AuthorizationQueryParametersError"),
    "no term": (altered("X-Amz-Expires", ""), 400, "AuthorizationQueryParametersError"),
    "a longer term": (altered("X-Amz-Expires", "601"), 403, "SignatureDoesNotMatch"),
    "a negative term": (altered("X-Amz-Expires", "-1"), 400, "AuthorizationQueryParametersError"),
    "more than a week": (altered("X-Amz-Expires", "604801"), 400, "AuthorizationQueryParametersError"),
    "a term of letters": (altered("X-Amz-Expires", "soon"), 400, "AuthorizationQueryParametersError"),
    "a term of 400 digits": (altered("X-Amz-Expires", "9" * 400), 400, "AuthorizationQueryParametersError"),
    "another algorithm": (altered("X-Amz-Algorithm", "AWS4-HMAC-MD5"), 400, "AuthorizationQueryParametersError"),
    "no credential": (altered("X-Amz-Credential", ""), 400, "AuthorizationQueryParametersError"),
    "half a credential": (altered("X-Amz-Credential", "a%2Fb"), 400, "AuthorizationQueryParametersError"),
    "no signed headers": (altered("X-Amz-SignedHeaders", ""), 400, "AuthorizationQueryParametersError"),
    "a header that is not there": (altered("X-Amz-SignedHeaders", "host%3Bx-a"), 403, "SignatureDoesNotMatch"),
    "expired": (presigned(signed_ago=timedelta(hours=2), expires_s=60), 403, "AccessDenied"),
    "of tomorrow": (presigned(signed_ago=-timedelta(days=1)), 403, "RequestTimeTooSkewed"),
    "another key": (presigned(lambda target: target.replace("kept", "other")), 403, "SignatureDoesNotMatch"),
    "another method": (presigned(sent="DELETE"), 403, "SignatureDoesNotMatch"),
    "one parameter more": (presigned(lambda target: target + "&versionId=null"), 403, "SignatureDoesNotMatch"),
}


def form(
    *,
    fields: dict[str, str | None] | None = None,
    conditions: list[object] | None = None,
    expires: str = "2199-01-01T00:00:00Z",
    change: Callable[[bytes], bytes] = lambda body: body,
    file: bytes = b"x" * 40_000,
) -> Make:
    """A form as a browser posts it. fields: None leaves one out."""

    def make(signer: Signer) -> bytes:
        told: list[object] = [["starts-with", "$key", ""], {"bucket": BUCKET}, ["starts-with", "$x-amz-date", ""]]
        told += [["starts-with", f"$x-amz-{name}", ""] for name in ("credential", "algorithm")]
        policy, signature = signer.policy([*told, *(conditions or [])], expires=expires)
        given: dict[str, str | None] = {
            "key": "posted",
            "policy": policy,
            "x-amz-algorithm": "AWS4-HMAC-SHA256",
            "x-amz-credential": f"{signer.access_key_id}/{signer.scope}",
            "x-amz-date": signer.amz_date,
            "x-amz-signature": signature,
            **(fields or {}),
        }
        parts = [
            f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in given.items()
            if value is not None
        ]
        parts.append(
            b'--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + file + b"\r\n--B--\r\n"
        )
        body = change(b"".join(parts))
        headers = {"content-type": "multipart/form-data; boundary=B"}
        return request(signer, "POST", f"/{BUCKET}", headers=headers, body=body, signed=False)

    return make


FORMS: Final[dict[str, tuple[Make, int, str]]] = {
    "right": (form(), 204, ""),
    "no key": (form(fields={"key": None}), 400, "InvalidArgument"),
    "another signature": (form(fields={"x-amz-signature": "0" * 64}), 403, "SignatureDoesNotMatch"),
    "no signature": (form(fields={"x-amz-signature": None}), 400, "InvalidArgument"),
    "no credential": (form(fields={"x-amz-credential": None}), 400, "InvalidArgument"),
    "a policy that is none": (form(fields={"policy": "%%%"}), 403, "SignatureDoesNotMatch"),
    "expired": (form(expires="2001-01-01T00:00:00Z"), 403, "AccessDenied"),
    "a field that the policy does not name": (form(fields={"x-amz-meta-a": "b"}), 403, "AccessDenied"),
    "larger than the policy lets": (
        form(conditions=[["content-length-range", 0, 10]]),
        400,
        "EntityTooLarge",
    ),
    "smaller than the policy lets": (
        form(conditions=[["content-length-range", 10**6, 10**7]]),
        400,
        "EntityTooSmall",
    ),
    "no file": (
        form(
            change=lambda body: body[: body.index(b'--B\r\nContent-Disposition: form-data; name="file"')] + b"--B--\r\n"
        ),
        400,
        "InvalidArgument",
    ),
    "cut in the file": (form(change=lambda body: body[:-5_000]), 400, ""),
    "cut in a field": (form(change=lambda body: body[:100]), 400, ""),
    "nothing": (form(change=lambda body: b""), 400, ""),
    "no boundary": (form(change=lambda body: body.replace(b"--B", b"--C")), 400, ""),
    "an endless name": (form(fields={"x" * 100_000: "y"}), 400, ""),
    "an endless field": (form(fields={"key": "k" * 3_000_000}), 400, ""),
    "ten thousand fields": (form(fields={f"x-ignore-{n}": "y" for n in range(10_000)}), 400, ""),
    "a long key": (form(fields={"key": LONG}), 400, "KeyTooLongError"),
    "no headers": (form(change=lambda body: body.replace(b"Content-Disposition", b"X", 1)), 400, ""),
}


_METHODS: Final = ("GET", "GET", "PUT", "PUT", "POST", "DELETE", "HEAD", "OPTIONS")
_SUBRESOURCES: Final = (
    *("acl", "policy", "cors", "lifecycle", "tagging", "versioning", "versions", "uploads", "delete", "encryption"),
    *("notification", "replication", "website", "logging", "object-lock", "retention", "legal-hold", "torrent"),
    *("attributes", "restore", "select", "inventory", "analytics", "metrics", "intelligent-tiering", "location"),
    *("publicAccessBlock", "ownershipControls", "accelerate", "requestPayment", "policyStatus", "rename", "session"),
)
_PARAMETERS: Final = (
    *("prefix", "delimiter", "marker", "max-keys", "list-type", "continuation-token", "start-after", "key-marker"),
    *("encoding-type", "versionId", "uploadId", "partNumber", "id", "fetch-owner", "version-id-marker"),
    *("part-number-marker", "max-parts", "upload-id-marker", "response-expires", "response-content-type", "x-id"),
)
_VALUES: Final = (
    *(
        "",
        "null",
        "a",
        "-1",
        "0",
        "1",
        "2",
        "99999999999999999999999",
        "%00",
        "%ff",
        "%C3%A9",
        "url",
        "/",
        "%2F",
        "x" * 500,
    ),
    *("1.5", "true", "<", "%0d%0a", "..", "us-east-1", "%F0%9F%98%80"),
)
_HEADERS: Final = (
    *("range", "if-match", "if-none-match", "if-modified-since", "x-amz-acl", "x-amz-tagging", "content-md5"),
    *("x-amz-copy-source", "x-amz-copy-source-range", "x-amz-storage-class", "x-amz-grant-read", "expires"),
    *("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-object-attributes"),
    *("x-amz-server-side-encryption-customer-algorithm", "x-amz-server-side-encryption-customer-key"),
    *("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold", "x-amz-mfa"),
    *("x-amz-checksum-crc32", "x-amz-checksum-algorithm", "x-amz-sdk-checksum-algorithm", "x-amz-trailer", "origin"),
    *("x-amz-expected-bucket-owner", "x-amz-request-payer", "x-amz-meta-a", "x-amz-website-redirect-location"),
    *("x-amz-bypass-governance-retention", "x-amz-object-ownership", "x-amz-metadata-directive", "cache-control"),
    *("x-amz-bucket-object-lock-enabled", "x-amz-decoded-content-length", "content-encoding", "x-amz-checksum-mode"),
    *("x-amz-checksum-type", "x-amz-mp-object-size", "x-amz-write-offset-bytes", "x-amz-rename-source"),
)
_HEADER_VALUES: Final = (
    *("", "*", "x", "-1", "0", "bytes=0-0", "bytes=-1", "9" * 300, "hostile/kept", "/hostile/kept?versionId=null"),
    *("AES256", "aws:kms", "private", "public-read", "true", "false", "COMPLIANCE", "ON", "2199-01-01T00:00:00Z"),
    *("Mon, 01 Jan 2024 00:00:00 GMT", "id=abc", "CRC32", "SHA256", "AAAAAA==", "a=b", "REPLACE", "gzip,aws-chunked"),
    *("\xff", "GLACIER", "ETag,Checksum", "ENABLED", "COMPOSITE", "requester", "arn:aws:s3:::x", "111111111111"),
)
_DOCUMENTS: Final = (
    *(b"", b"<", b"<a/>", b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"),
    b"<Delete><Object><Key>x</Key><VersionId>y</VersionId></Object></Delete>",
    b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
    b"<VersioningConfiguration><Status>Suspended</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>",
    b"<AccessControlPolicy><Owner><ID>x</ID></Owner><AccessControlList/></AccessControlPolicy>",
    b"<LifecycleConfiguration><Rule><ID>r</ID><Filter><And/></Filter><Status>Enabled</Status></Rule></LifecycleConfiguration>",
    b"<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*.*</AllowedOrigin></CORSRule></CORSConfiguration>",
    b"<NotificationConfiguration><QueueConfiguration><Queue>x</Queue><Event>s3:*</Event></QueueConfiguration></NotificationConfiguration>",
    b"<ReplicationConfiguration><Role>x</Role><Rule><Status>Enabled</Status></Rule></ReplicationConfiguration>",
    b"<WebsiteConfiguration><RoutingRules><RoutingRule><Redirect/></RoutingRule></RoutingRules></WebsiteConfiguration>",
    b"<RestoreRequest><Days>-1</Days></RestoreRequest>",
    b"<SelectObjectContentRequest><Expression>SELECT</Expression><ExpressionType>SQL</ExpressionType></SelectObjectContentRequest>",
    b"<InventoryConfiguration><Id>x</Id><IsEnabled>1</IsEnabled></InventoryConfiguration>",
    b"<ObjectLockConfiguration><Rule><DefaultRetention><Days>0</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
    b"<ServerSideEncryptionConfiguration><Rule/></ServerSideEncryptionConfiguration>",
    b"<PublicAccessBlockConfiguration><BlockPublicAcls>x</BlockPublicAcls></PublicAccessBlockConfiguration>",
    b'{"Version": "2012-10-17", "Statement": []}',
    b"x" * 40_000,
)


def nonsense(chance: random.Random, signer: Signer) -> bytes:
    """A request of S3's own vocabulary that means nothing."""
    path = chance.choice((f"/{BUCKET}-2", f"/{BUCKET}-2/k", f"/{BUCKET}-2/a/b", f"/{BUCKET}-2/%F0%9F%98%80", "/", "/x"))
    query = [chance.choice(_SUBRESOURCES)] if chance.random() < 0.6 else []
    query += [f"{chance.choice(_PARAMETERS)}={chance.choice(_VALUES)}" for _ in range(chance.choice((0, 0, 1, 2, 4)))]
    headers = {chance.choice(_HEADERS): chance.choice(_HEADER_VALUES) for _ in range(chance.choice((0, 0, 1, 2, 3)))}
    body = chance.choice(_DOCUMENTS)
    if chance.random() < 0.7:
        headers |= with_md5(body)
    if chance.random() < 0.05 and body:
        body = body[: chance.randrange(len(body))]
    target = path + ("?" + "&".join(query) if query else "")
    return request(signer, chance.choice(_METHODS), target, headers=headers, body=body, signed=chance.random() < 0.95)

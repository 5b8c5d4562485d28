"""Which certificates does the account keep for TLS?"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import model, paging, pem, shapes, tagging
from pileus.services.iam.account_limits import SERVER_CERTIFICATES_MAX
from pileus.services.iam.account_records import ServerCertificateRecord
from pileus.services.iam.errors import EntityAlreadyExists
from pileus.services.iam.operations.base import Operations

_ID_PREFIX = "ASCA"
_KIND = "server-certificate"


class CertificateOperations(Operations):
    """Server certificates."""

    async def delete_server_certificate(
        self, context: RequestContext, request: shapes.DeleteServerCertificateRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            account.delete_server_certificate(await account.server_certificate(request.server_certificate_name))

    async def get_server_certificate(
        self, context: RequestContext, request: shapes.GetServerCertificateRequest
    ) -> shapes.GetServerCertificateResponse:
        account = self._store.read(context.account_id)
        certificate = await account.server_certificate(request.server_certificate_name)
        return shapes.GetServerCertificateResponse(
            server_certificate=shapes.ServerCertificate(
                server_certificate_metadata=_metadata_shape(certificate),
                certificate_body=certificate.body,
                certificate_chain=certificate.chain,
                tags=tagging.sorted_shapes(certificate.tags),
            )
        )

    async def list_server_certificate_tags(
        self, context: RequestContext, request: shapes.ListServerCertificateTagsRequest
    ) -> shapes.ListServerCertificateTagsResponse:
        account = self._store.read(context.account_id)
        certificate = await account.server_certificate(request.server_certificate_name)
        page = tagging.tag_page(certificate.tags, request)
        return shapes.ListServerCertificateTagsResponse(
            tags=page.items, is_truncated=page.truncated, marker=page.marker
        )

    async def list_server_certificates(
        self, context: RequestContext, request: shapes.ListServerCertificatesRequest
    ) -> shapes.ListServerCertificatesResponse:
        found = await self._store.read(context.account_id).server_certificates(
            path_prefix=request.path_prefix or "/",
            after_name=paging.after(request),
            limit=paging.items_max(request) + 1,
        )
        page = paging.page(found, request, name=lambda certificate: certificate.name)
        return shapes.ListServerCertificatesResponse(
            server_certificate_metadata_list=[_metadata_shape(certificate) for certificate in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def tag_server_certificate(
        self, context: RequestContext, request: shapes.TagServerCertificateRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            certificate = await account.server_certificate(request.server_certificate_name)
            tags = tagging.tagged(certificate.tags, request.tags)
            account.put_server_certificate(msgspec.structs.replace(certificate, tags=tags))

    async def untag_server_certificate(
        self, context: RequestContext, request: shapes.UntagServerCertificateRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            certificate = await account.server_certificate(request.server_certificate_name)
            tags = tagging.untagged(certificate.tags, request.tag_keys)
            account.put_server_certificate(msgspec.structs.replace(certificate, tags=tags))

    async def update_server_certificate(
        self, context: RequestContext, request: shapes.UpdateServerCertificateRequest
    ) -> None:
        """Another name or path; the certificate itself never changes."""
        async with self._store.transaction(context.account_id) as account:
            certificate = await account.server_certificate(request.server_certificate_name)
            name = request.new_server_certificate_name or certificate.name
            path = request.new_path or certificate.path
            if name.casefold() != certificate.name.casefold() and await account.find_server_certificate(name):
                raise _already_exists(name)
            account.delete_server_certificate(certificate)
            arn = model.renamed_arn(certificate.arn, _KIND, path=path, name=name)
            account.put_server_certificate(msgspec.structs.replace(certificate, name=name, path=path, arn=arn))

    async def upload_server_certificate(
        self, context: RequestContext, request: shapes.UploadServerCertificateRequest
    ) -> shapes.UploadServerCertificateResponse:
        expires_at = pem.check_server_certificate(
            body=request.certificate_body, private_key=request.private_key, chain=request.certificate_chain
        )
        name, path = request.server_certificate_name, request.path or "/"
        certificate_id = self._new_id(_ID_PREFIX)
        certificate = ServerCertificateRecord(
            name=name,
            path=path,
            certificate_id=certificate_id,
            arn=model.arn(context.partition, context.account_id, _KIND, path=path, name=name),
            uploaded_at=self._now(),
            expires_at=expires_at,
            body=pem.tidied(request.certificate_body),
            chain=None if request.certificate_chain is None else pem.tidied(request.certificate_chain),
            sealed_key=self._seal.seal(
                request.private_key.encode(), bound_to=b"server certificate " + certificate_id.encode()
            ),
            tags=tagging.kept(request.tags),
        )
        async with self._store.transaction(context.account_id) as account:
            if await account.find_server_certificate(name) is not None:
                raise _already_exists(name)
            await account.check_quota(_KIND, "ServerCertificatesPerAccount", SERVER_CERTIFICATES_MAX)
            account.put_server_certificate(certificate)
        return shapes.UploadServerCertificateResponse(
            server_certificate_metadata=_metadata_shape(certificate), tags=tagging.given_shapes(certificate.tags)
        )


def _already_exists(name: str) -> EntityAlreadyExists:
    return EntityAlreadyExists(f"The Server Certificate with name {name} already exists.")


def _metadata_shape(certificate: ServerCertificateRecord) -> shapes.ServerCertificateMetadata:
    return shapes.ServerCertificateMetadata(
        path=certificate.path,
        server_certificate_name=certificate.name,
        server_certificate_id=certificate.certificate_id,
        arn=certificate.arn,
        upload_date=certificate.uploaded_at,
        expiration=certificate.expires_at,
    )

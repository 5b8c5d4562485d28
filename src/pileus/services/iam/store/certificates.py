"""Where are server certificates kept?"""

from pileus.services.iam.account_records import ServerCertificateRecord
from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.store.base import Reader, Writer


class CertificateReader(Reader):
    async def find_server_certificate(self, name: str) -> ServerCertificateRecord | None:
        return await self._find(ServerCertificateRecord, "server-certificate", name.casefold())

    async def server_certificate(self, name: str) -> ServerCertificateRecord:
        """NoSuchEntity."""
        certificate = await self.find_server_certificate(name)
        if certificate is None:
            raise NoSuchEntity(f"The Server Certificate with name {name} cannot be found.")
        return certificate

    async def server_certificates(
        self, *, path_prefix: str, after_name: str | None, limit: int
    ) -> list[ServerCertificateRecord]:
        """At most `limit` in order of their names, those after `after_name`."""
        return await self._page(
            ServerCertificateRecord,
            "server-certificate",
            after_name=after_name,
            limit=limit,
            wanted=lambda certificate: certificate.path.startswith(path_prefix),
        )


class CertificateWriter(CertificateReader, Writer):
    def put_server_certificate(self, certificate: ServerCertificateRecord) -> None:
        self._set(certificate, "server-certificate", certificate.name.casefold())

    def delete_server_certificate(self, certificate: ServerCertificateRecord) -> None:
        self._clear("server-certificate", certificate.name.casefold())

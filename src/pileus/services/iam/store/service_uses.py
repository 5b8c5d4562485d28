"""Where is it kept which services users and roles have used, and what was reported of it?

Uses below the unique id of the user or role, one for each service; they change nothing that policies depend on.
"""

from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Transaction
from pileus.services.iam.account_records import AccessReportRecord, ServiceUseRecord
from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.store.base import Reader, Writer


class ServiceUseReader(Reader):
    async def service_uses(self, unique_id: str) -> list[ServiceUseRecord]:
        """In order of the services' namespaces."""
        return await self._all(ServiceUseRecord, "service-use", unique_id)

    async def last_use(self, unique_id: str) -> ServiceUseRecord | None:
        """Of whichever service; None for a user or role that never asked for anything."""
        return max(await self.service_uses(unique_id), key=lambda use: use.at, default=None)

    async def access_report(self, job_id: str) -> AccessReportRecord:
        """NoSuchEntity."""
        report = await self._find(AccessReportRecord, "access-report", job_id)
        if report is None:
            raise NoSuchEntity(f"The job with id {job_id} cannot be found.")
        return report


class ServiceUseWriter(ServiceUseReader, Writer):
    def forget_service_uses(self, unique_id: str) -> None:
        self._clear_below("service-use", unique_id)

    def put_access_report(self, report: AccessReportRecord) -> None:
        self._set(report, "access-report", report.job_id)

    async def forget_access_reports(self, *, reports_max: int) -> None:
        """All but the latest."""
        reports = await self._all(AccessReportRecord, "access-report")
        for report in sorted(reports, key=lambda one: one.created_at)[:-reports_max]:
            self._clear("access-report", report.job_id)


async def put_service_use(tx: Transaction, account_id: str, unique_id: str, use: ServiceUseRecord) -> None:
    """Nothing happens when there is no such user or role any more."""
    keys = Subspace("iam", account_id)
    if await tx.get(keys.pack("named", unique_id)) is not None:
        tx.set(keys.pack("service-use", unique_id, use.namespace), encode(use))

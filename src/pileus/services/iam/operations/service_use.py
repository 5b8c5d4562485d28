"""Which services could somebody use, and who did when?

A report is complete when it is begun; who waits for it finds it so.

Source: API_GenerateServiceLastAccessedDetails, API_GetServiceLastAccessedDetails,
API_GetServiceLastAccessedDetailsWithEntities.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.wire.catalog import catalog
from pileus.services.iam import paging, shapes
from pileus.services.iam.account_limits import ACCESS_REPORTS_MAX
from pileus.services.iam.account_records import AccessingEntity, AccessReportRecord, ServiceUseRecord
from pileus.services.iam.model import policy_arn
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.operations.context_keys import documents_of, holder_of_arn
from pileus.services.iam.operations.service_access import vendors
from pileus.services.iam.records import GroupRecord, Holder
from pileus.services.iam.store import AccountReader

_NEVER = datetime.min.replace(tzinfo=UTC)


class ServiceUseOperations(Operations):
    """The reports of what was last accessed."""

    async def generate_service_last_accessed_details(
        self, context: RequestContext, request: shapes.GenerateServiceLastAccessedDetailsRequest
    ) -> shapes.GenerateServiceLastAccessedDetailsResponse:
        if request.granularity == "ACTION_LEVEL":
            raise NotImplementedByPileus("Granularity ACTION_LEVEL is not implemented: nobody notes actions")
        async with self._store.transaction(context.account_id) as account:
            documents, holders = await _of_arn(account, request.arn, partition=context.partition)
            report = AccessReportRecord(
                job_id=self._ids.uuid(),
                created_at=self._now(),
                namespaces=_namespaces(documents),
                entities=tuple(_entity(holder) for holder in holders if not isinstance(holder, GroupRecord)),
                uses=tuple(
                    [
                        (holder.unique_id, use)
                        for holder in holders
                        for use in await account.service_uses(holder.unique_id)
                    ]
                ),
            )
            account.put_access_report(report)
            await account.forget_access_reports(reports_max=ACCESS_REPORTS_MAX)
        return shapes.GenerateServiceLastAccessedDetailsResponse(job_id=report.job_id)

    async def get_service_last_accessed_details(
        self, context: RequestContext, request: shapes.GetServiceLastAccessedDetailsRequest
    ) -> shapes.GetServiceLastAccessedDetailsResponse:
        report = await self._store.read(context.account_id).access_report(request.job_id)
        page = paging.page_of_all(report.namespaces, request, name=lambda namespace: namespace)
        return shapes.GetServiceLastAccessedDetailsResponse(
            job_status="COMPLETED",
            job_type="SERVICE_LEVEL",
            job_creation_date=report.created_at,
            job_completion_date=report.created_at,
            services_last_accessed=[_service(report, namespace) for namespace in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def get_service_last_accessed_details_with_entities(
        self, context: RequestContext, request: shapes.GetServiceLastAccessedDetailsWithEntitiesRequest
    ) -> shapes.GetServiceLastAccessedDetailsWithEntitiesResponse:
        """The latest first; whoever never used the service comes last."""
        report = await self._store.read(context.account_id).access_report(request.job_id)
        uses = _uses_of(report, request.service_namespace.lower())
        entities = sorted(report.entities, key=lambda one: one.unique_id)
        if request.service_namespace.lower() not in report.namespaces:
            entities = []
        entities.sort(key=lambda one: uses[one.unique_id].at if one.unique_id in uses else _NEVER, reverse=True)
        places = {entity.unique_id: f"{place:06}" for place, entity in enumerate(entities)}
        page = paging.page_of_all(entities, request, name=lambda entity: places[entity.unique_id])
        return shapes.GetServiceLastAccessedDetailsWithEntitiesResponse(
            job_status="COMPLETED",
            job_creation_date=report.created_at,
            job_completion_date=report.created_at,
            entity_details_list=[_details(entity, uses.get(entity.unique_id)) for entity in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )


async def _of_arn(account: AccountReader, arn: str, *, partition: str) -> tuple[list[str], list[Holder]]:
    """The documents that allow something, and who could use them; NoSuchEntity."""
    if policy_arn(arn):
        policy = await account.policy(arn, partition=partition)
        attached = await account.holders_of(arn, "PermissionsPolicy")
        holders: dict[str, Holder] = {}
        for holder in attached:
            for one in await account.members(holder) if isinstance(holder, GroupRecord) else (holder,):
                holders[one.unique_id] = one
        return [await account.default_document(policy)], list(holders.values())
    holder = await holder_of_arn(account, arn)
    documents = await documents_of(account, holder)
    if isinstance(holder, GroupRecord):
        return documents, [*await account.members(holder)]
    if holder.kind == "user":
        for group in await account.groups_of(holder.unique_id):
            documents += await documents_of(account, group)
    return documents, [holder]


def _namespaces(documents: Iterable[str]) -> tuple[str, ...]:
    """Of the services that the documents allow something of, in order."""
    found = {vendor for document in documents for vendor in vendors(document)}
    if "*" in found:
        found = found - {"*"} | set(catalog().by_signing_name)
    return tuple(sorted(found))


def _entity(holder: Holder) -> AccessingEntity:
    assert not isinstance(holder, GroupRecord)
    return AccessingEntity(
        unique_id=holder.unique_id, kind=holder.kind, arn=holder.arn, name=holder.name, path=holder.path
    )


def _uses_of(report: AccessReportRecord, namespace: str) -> dict[str, ServiceUseRecord]:
    """By unique id."""
    return {unique_id: use for unique_id, use in report.uses if use.namespace == namespace}


def _service(report: AccessReportRecord, namespace: str) -> shapes.ServiceLastAccessed:
    uses = _uses_of(report, namespace)
    if not uses:
        return shapes.ServiceLastAccessed(
            service_name=namespace, service_namespace=namespace, total_authenticated_entities=0
        )
    last_id = max(uses, key=lambda unique_id: uses[unique_id].at)
    (entity,) = (one for one in report.entities if one.unique_id == last_id)
    return shapes.ServiceLastAccessed(
        service_name=namespace,
        service_namespace=namespace,
        last_authenticated=uses[last_id].at,
        last_authenticated_entity=entity.arn,
        last_authenticated_region=uses[last_id].region,
        total_authenticated_entities=len(uses),
    )


def _details(entity: AccessingEntity, use: ServiceUseRecord | None) -> shapes.EntityDetails:
    return shapes.EntityDetails(
        entity_info=shapes.EntityInfo(
            arn=entity.arn,
            name=entity.name,
            type="USER" if entity.kind == "user" else "ROLE",
            id=entity.unique_id,
            path=entity.path,
        ),
        last_authenticated=None if use is None else use.at,
    )

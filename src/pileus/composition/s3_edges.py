"""How do browsers reach S3: by forms, as visitors of websites, from pages of other origins?"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from pileus.composition.foundation import Foundation
from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import Headers, Request, Response
from pileus.kernel.routing import Router
from pileus.kernel.service import FormHandler, PostedForm, Service

if TYPE_CHECKING:
    from pileus.kernel.wire.performing import OperationAuthorizer, Performer
    from pileus.services.s3.posting.posts import PolicyAuthenticator, PostedForms
    from pileus.services.s3.sharing.visits import CrossOriginVisits
    from pileus.services.s3.website.visiting import Websites


class S3Edges:
    """What reaches buckets otherwise than by the API."""

    def __init__(
        self,
        foundation: Foundation,
        *,
        authorizer: "OperationAuthorizer",
        authenticator: "Callable[[], PolicyAuthenticator]",
        service: Callable[[], Service],
    ) -> None:
        self._foundation = foundation
        self._authorizer = authorizer
        self._authenticator = authenticator
        self._service = service

    def form(self) -> FormHandler:
        """Answers forms that are posted to a bucket."""

        async def answer(context: RequestContext, posted: PostedForm) -> object:
            return await self._forms(context, posted)

        return answer

    def route(self, router: Router) -> None:
        """What browsers send that is no form."""
        router.add_visits(self._visit, service="s3")
        router.add_hosts(lambda host: ".s3-website" in host, self._visit_website)
        router.add_path("/_aws/s3-website/", self._visit_website, deployed=True)

    async def _visit(self, request: Request) -> Response | Headers | None:
        return await self._visits(request)

    async def _visit_website(self, request: Request) -> Response:
        return await self._websites(request)

    @cached_property
    def _websites(self) -> "Websites":
        from pileus.services.s3.website.visiting import Websites

        return Websites(
            store=self._foundation.store, ids=self._foundation.ids, performer=self._performer, visits=self._visits
        )

    @cached_property
    def _visits(self) -> "CrossOriginVisits":
        from pileus.services.s3.sharing.visits import CrossOriginVisits

        return CrossOriginVisits(store=self._foundation.store, ids=self._foundation.ids)

    @cached_property
    def _performer(self) -> "Performer":
        from pileus.kernel.wire.performing import Performer

        return Performer(self._service(), protocol="rest-xml", authorizer=self._authorizer, ids=self._foundation.ids)

    @cached_property
    def _forms(self) -> "PostedForms":
        from pileus.services.s3.posting.posts import PostedForms

        return PostedForms(authenticator=self._authenticator(), performer=self._performer)

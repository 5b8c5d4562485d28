"""Which addresses do messages hold: to confirm, to unsubscribe, and of the certificate?

They lead back to the host that the publisher used, unless somebody configured another. Verifiers made for AWS take
certificates from `https://sns.REGION.amazonaws.com` only: whoever resolves that name to Pileus configures it.
"""

from collections.abc import Callable

from pileus.kernel.context import RequestContext


class Links:
    """The beginning of all links."""

    def __init__(self, *, template: str = "", fallback: Callable[[], str] = lambda: "http://localhost:4566") -> None:
        """template: configured, with `{region}` where that belongs. fallback: where this server is."""
        self._template = template.rstrip("/")
        self._fallback = fallback

    def of(self, context: RequestContext) -> str:
        """For what this request sends."""
        if self._template or not context.host:
            return self.anywhere(context.region)
        return f"https://{context.host}" if context.secure else f"http://{context.host}"

    def anywhere(self, region: str) -> str:
        """For what no request sends."""
        return self._template.replace("{region}", region) if self._template else self._fallback().rstrip("/")


def confirm_url(base_url: str, topic_arn: str, token: str) -> str:
    return f"{base_url}/?Action=ConfirmSubscription&TopicArn={topic_arn}&Token={token}"


def unsubscribe_url(base_url: str, subscription_arn: str) -> str:
    return f"{base_url}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"

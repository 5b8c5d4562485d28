"""What must somebody be allowed to do, to use Lambda?

Sources: Service Authorization Reference, "AWS Lambda"; Lambda Developer Guide, "Granting user access to a function".
"""

from collections.abc import Iterable
from typing import Any, Final

from pileus.kernel.auth.permissions import (
    Conditions,
    KnownResource,
    Permission,
    Permissions,
    ResourceType,
    gives_tags,
    request_tags,
    tag_keys,
)
from pileus.kernel.context import RequestContext
from pileus.services.lambda_.layers import layer_named, layer_of_arn
from pileus.services.lambda_.names import in_other_account, in_partition, meant_by


def _function_arn(context: RequestContext, given: Any) -> str:
    """Unqualified, of the account that the name names."""
    return meant_by(context, given.function_name).arn


def _invoked_arn(context: RequestContext, given: Any) -> str:
    return meant_by(context, given.function_name, given.qualifier).qualified_arn


def _role_arn(context: RequestContext, given: Any) -> str:
    role: str = given.role
    return role


def _foreign(context: RequestContext, given: Any) -> bool:
    return in_other_account(context, given.function_name)


def _signing_config_arn(context: RequestContext, given: Any) -> str:
    return in_partition(context, given.code_signing_config_arn)


def _foreign_signing_config(context: RequestContext, given: Any) -> bool:
    return bool(given.code_signing_config_arn.split(":", 5)[4] != context.account_id)


def _policed_arn(context: RequestContext, given: Any) -> str:
    return in_partition(context, given.resource_arn)


def _foreign_policed(context: RequestContext, given: Any) -> bool:
    return bool(given.resource_arn.split(":", 5)[4] != context.account_id)


def _tagged_arn(context: RequestContext, given: Any) -> str:
    return in_partition(context, given.resource)


def _foreign_tagged(context: RequestContext, given: Any) -> bool:
    return bool(given.resource.split(":", 5)[4] != context.account_id)


_FUNCTION: Final = ResourceType(name="function", arn=_function_arn, foreign=_foreign)
_INVOKED: Final = ResourceType(name="function", arn=_invoked_arn, foreign=_foreign)
_QUALIFIED: Final = ResourceType(name="function version", arn=_invoked_arn, foreign=_foreign)
_SIGNING_CONFIG: Final = ResourceType(
    name="code signing config", arn=_signing_config_arn, foreign=_foreign_signing_config
)
_POLICED: Final = ResourceType(name="function", arn=_policed_arn, foreign=_foreign_policed)
_TAGGED: Final = ResourceType(name="function", arn=_tagged_arn, foreign=_foreign_tagged)
_ROLE: Final = ResourceType(name="role", arn=_role_arn)


def _of_creation(context: RequestContext, given: Any, function: KnownResource | None) -> Conditions:
    return request_tags(given.tags)


def _of_untagging(context: RequestContext, given: Any, resource: KnownResource | None) -> Conditions:
    return tag_keys(given.tag_keys)


def _of_url(context: RequestContext, given: Any, function: KnownResource | None) -> Conditions:
    """The authentication that a request gives to a function URL; what there is already is not asked."""
    found = {
        "lambda:functionurlauthtype": getattr(given, "auth_type", None),
        "lambda:functionarn": _function_arn(context, given),
    }
    return {key: value for key, value in found.items() if value is not None}


def _of_signing(context: RequestContext, given: Any, function: KnownResource | None) -> Conditions:
    return {"lambda:codesigningconfigarn": given.code_signing_config_arn}


def _of_permission(context: RequestContext, given: Any, function: KnownResource | None) -> Conditions:
    found = {"lambda:principal": given.principal, "lambda:functionurlauthtype": given.function_url_auth_type}
    return {key: value for key, value in found.items() if value is not None}


def _of_passing(context: RequestContext, given: Any, role: KnownResource | None) -> Conditions:
    return {
        "iam:passedtoservice": "lambda.amazonaws.com",
        "iam:associatedresourcearn": _function_arn(context, given),
    }


_PASS_ROLE: Final = Permission(
    action="iam:PassRole",
    resource=_ROLE,
    conditions=_of_passing,
    asked=lambda context, given: given.role is not None,
)


def _on(resource: ResourceType | None, actions: Iterable[str]) -> dict[str, tuple[Permission]]:
    return {action: (Permission(action=f"lambda:{action}", resource=resource),) for action in actions}


def _layer_arn(context: RequestContext, given: Any) -> str:
    return layer_named(context, given.layer_name).arn


def _layer_version_arn(context: RequestContext, given: Any) -> str:
    return layer_named(context, given.layer_name, given.version_number).version_arn


def _given_layer(context: RequestContext, given: Any) -> str:
    """Of a request, or of one of the ARNs that a function is to have."""
    return in_partition(context, given if isinstance(given, str) else given.arn)


def _foreign_layer(context: RequestContext, given: Any) -> bool:
    return layer_named(context, given.layer_name).account_id != context.account_id


def _foreign_given_layer(context: RequestContext, given: Any) -> bool:
    layer = layer_of_arn(_given_layer(context, given))
    return layer is not None and layer.account_id != context.account_id


_LAYER: Final = ResourceType(name="layer", arn=_layer_arn, foreign=_foreign_layer)
_LAYER_VERSION: Final = ResourceType(name="layerVersion", arn=_layer_version_arn, foreign=_foreign_layer)
_GIVEN_LAYER: Final = ResourceType(name="layerVersion", arn=_given_layer, foreign=_foreign_given_layer)
_GET_LAYERS: Final = Permission(
    action="lambda:GetLayerVersion", resource=_GIVEN_LAYER, members=lambda context, given: given.layers or ()
)
"""Source: Lambda Developer Guide, "Controlling access to Lambda layers"."""


def _mapping_arn(context: RequestContext, given: Any) -> str:
    return f"arn:{context.partition}:lambda:{context.region}:{context.account_id}:event-source-mapping:{given.uuid}"


_MAPPING: Final = ResourceType(name="eventSourceMapping", arn=_mapping_arn)


def _of_mapping(context: RequestContext, given: Any, mapping: KnownResource | None) -> Conditions:
    """Which function it is for: the one that the request names, else the one that it has."""
    if getattr(given, "function_name", None) is not None:
        return {"lambda:functionarn": meant_by(context, given.function_name).qualified_arn}
    return {} if mapping is None else dict(mapping.details)


def _of_new_mapping(context: RequestContext, given: Any, mapping: KnownResource | None) -> Conditions:
    return {**_of_mapping(context, given, None), **request_tags(given.tags)}


PERMISSIONS: Final[Permissions] = {
    **_on(None, ("ListEventSourceMappings",)),
    **{
        action: (Permission(action=f"lambda:{action}", resource=_MAPPING, conditions=_of_mapping),)
        for action in ("DeleteEventSourceMapping", "GetEventSourceMapping", "UpdateEventSourceMapping")
    },
    "CreateEventSourceMapping": (
        Permission(action="lambda:CreateEventSourceMapping", conditions=_of_new_mapping),
        Permission(action="lambda:TagResource", resource=None, conditions=_of_new_mapping, asked=gives_tags),
    ),
    **_on(
        _FUNCTION,
        (
            "CreateAlias",
            "DeleteAlias",
            "DeleteFunction",
            "DeleteFunctionCodeSigningConfig",
            "DeleteFunctionConcurrency",
            "DeleteFunctionEventInvokeConfig",
            "GetAlias",
            "GetFunction",
            "GetFunctionCodeSigningConfig",
            "GetFunctionConcurrency",
            "GetFunctionConfiguration",
            "GetFunctionEventInvokeConfig",
            "GetFunctionRecursionConfig",
            "GetPolicy",
            "GetRuntimeManagementConfig",
            "ListAliases",
            "ListFunctionEventInvokeConfigs",
            "ListProvisionedConcurrencyConfigs",
            "ListVersionsByFunction",
            "PublishVersion",
            "PutFunctionConcurrency",
            "PutFunctionEventInvokeConfig",
            "PutFunctionRecursionConfig",
            "PutRuntimeManagementConfig",
            "RemovePermission",
            "UpdateAlias",
            "UpdateFunctionCode",
            "UpdateFunctionEventInvokeConfig",
        ),
    ),
    **_on(_POLICED, ("DeleteResourcePolicy", "GetResourcePolicy", "PutResourcePolicy")),
    **_on(None, ("GetAccountSettings", "ListCodeSigningConfigs", "ListFunctions", "ListLayers", "ListLayerVersions")),
    **_on(
        _QUALIFIED,
        ("DeleteProvisionedConcurrencyConfig", "GetProvisionedConcurrencyConfig", "PutProvisionedConcurrencyConfig"),
    ),
    **_on(
        _SIGNING_CONFIG,
        (
            "DeleteCodeSigningConfig",
            "GetCodeSigningConfig",
            "ListFunctionsByCodeSigningConfig",
            "UpdateCodeSigningConfig",
        ),
    ),
    **{
        action: (Permission(action=f"lambda:{action}", resource=_FUNCTION, conditions=_of_url),)
        for action in (
            "CreateFunctionUrlConfig",
            "DeleteFunctionUrlConfig",
            "GetFunctionUrlConfig",
            "ListFunctionUrlConfigs",
            "UpdateFunctionUrlConfig",
        )
    },
    "CreateCodeSigningConfig": (Permission(action="lambda:CreateCodeSigningConfig", conditions=_of_creation),),
    "PutFunctionCodeSigningConfig": (
        Permission(action="lambda:PutFunctionCodeSigningConfig", resource=_FUNCTION, conditions=_of_signing),
        Permission(action="lambda:PutFunctionCodeSigningConfig", resource=_SIGNING_CONFIG, conditions=_of_signing),
    ),
    "ListTags": (Permission(action="lambda:ListTags", resource=_TAGGED),),
    "TagResource": (Permission(action="lambda:TagResource", resource=_TAGGED, conditions=_of_creation),),
    "UntagResource": (Permission(action="lambda:UntagResource", resource=_TAGGED, conditions=_of_untagging),),
    **_on(_LAYER, ("PublishLayerVersion",)),
    **_on(
        _LAYER_VERSION,
        (
            "AddLayerVersionPermission",
            "DeleteLayerVersion",
            "GetLayerVersion",
            "GetLayerVersionPolicy",
            "RemoveLayerVersionPermission",
        ),
    ),
    "GetLayerVersionByArn": (Permission(action="lambda:GetLayerVersion", resource=_GIVEN_LAYER),),
    "AddPermission": (Permission(action="lambda:AddPermission", resource=_FUNCTION, conditions=_of_permission),),
    "CreateFunction": (
        Permission(action="lambda:CreateFunction", resource=_FUNCTION, conditions=_of_creation),
        Permission(action="lambda:TagResource", resource=_FUNCTION, conditions=_of_creation, asked=gives_tags),
        _PASS_ROLE,
        _GET_LAYERS,
    ),
    "UpdateFunctionConfiguration": (
        Permission(action="lambda:UpdateFunctionConfiguration", resource=_FUNCTION),
        _PASS_ROLE,
        _GET_LAYERS,
    ),
    "Invoke": (Permission(action="lambda:InvokeFunction", resource=_INVOKED),),
    "InvokeAsync": (Permission(action="lambda:InvokeAsync", resource=_FUNCTION),),
    "InvokeWithResponseStream": (Permission(action="lambda:InvokeFunction", resource=_INVOKED),),
}

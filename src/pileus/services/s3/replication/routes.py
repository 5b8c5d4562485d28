"""Where to is a version copied?

By each target's rule of the highest priority that covers the version. A rule of the older form, with a prefix of its
own, copies delete markers too.

Source: S3 User Guide, "What does Amazon S3 replicate?", "Replication configuration file elements".
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from pileus.services.s3.model import ObjectRecord
from pileus.services.s3.settings.replication import target_of
from pileus.services.s3.shapes import ReplicationConfiguration, ReplicationRule


class Route(NamedTuple):
    """One enabled rule. storage_class: "" for that of the source. kms_key_id: "" where KMS's objects stay at home.

    owner: the account that is to own the copy; "" for the owner of the source.
    """

    rule: str
    priority: int
    target: str
    prefix: str
    tags: Mapping[str, str]
    storage_class: str
    owner: str
    kms: bool
    kms_key_id: str
    markers: bool

    def covers(self, key: str, record: ObjectRecord) -> bool:
        if not key.startswith(self.prefix):
            return False
        if record.delete_marker:
            return self.markers
        encryption = record.encryption
        if encryption is not None and encryption.algorithm.startswith("aws:kms") and not self.kms:
            return False
        return all(record.tags.get(name) == value for name, value in self.tags.items())


class Routes(NamedTuple):
    """A bucket's configuration. role: in whose name copies are made."""

    role: str
    routes: tuple[Route, ...]

    def of(self, key: str, record: ObjectRecord) -> Sequence[Route]:
        """Where this version goes: one route for each target."""
        best: dict[str, Route] = {}
        for route in self.routes:
            held = best.get(route.target)
            if route.covers(key, record) and (held is None or route.priority > held.priority):
                best[route.target] = route
        return tuple(best.values())


@lru_cache(maxsize=256)
def routes_of(document: bytes) -> Routes:
    """A configuration, as `SettingRecord` keeps it."""
    configuration = msgspec.json.decode(document, type=ReplicationConfiguration)
    enabled = [rule for rule in configuration.rules if rule.status == "Enabled"]
    return Routes(configuration.role, tuple(map(_route, enabled)))


def _route(rule: ReplicationRule) -> Route:
    found, chosen, target = rule.filter, rule.source_selection_criteria, rule.destination
    prefix, tags = rule.prefix or "", dict[str, str]()
    if found is not None:
        both = found.and_
        prefix = (both.prefix if both is not None else found.prefix) or ""
        tags = {tag.key: tag.value for tag in (both.tags or ())} if both is not None else {}
        if found.tag is not None:
            tags[found.tag.key] = found.tag.value
    markers = rule.delete_marker_replication
    kms = chosen.sse_kms_encrypted_objects if chosen is not None else None
    encryption = target.encryption_configuration
    return Route(
        rule=rule.id or "",
        priority=rule.priority or 0,
        target=target_of(rule),
        prefix=prefix,
        tags=tags,
        storage_class=target.storage_class or "",
        owner=(target.account or "") if target.access_control_translation is not None else "",
        kms=kms is not None and kms.status == "Enabled",
        kms_key_id=(encryption.replica_kms_key_id or "") if encryption is not None else "",
        markers=found is None or (markers is not None and markers.status == "Enabled"),
    )

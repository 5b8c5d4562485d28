"""Which organization does a file declare? What `pileus up --organization FILE` reads, in TOML.

    id = "o-a1b2c3d4e5"
    management_account = "111111111111"
    root = { id = "r-ab12", scps = ["FullAWSAccess"] }      # may be left out

    [[unit]]                                                 # its parent before itself
    id = "ou-ab12-11111111"
    parent = "r-ab12"                                        # the root, if left out
    scps = ["FullAWSAccess", "no-deletes.json"]

    [[account]]
    id = "222222222222"
    unit = "ou-ab12-11111111"

A policy is a file, relative to this one. What has no `scps` has FullAWSAccess, as on AWS: a level without an Allow
denies everything below it.

Source: Organizations User Guide, "SCP evaluation", "Managing organizational units".
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from pileus.kernel.auth.organizations import Member, Organization
from pileus.kernel.auth.policy import NamedPolicy, PolicySyntax, check_policy, compile_policy

FULL_ACCESS: Final = "FullAWSAccess"
_EVERYTHING: Final = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
_SCP: Final = "service control policy"
_ID: Final = re.compile(r"o-[a-z0-9]{10,32}")
_ROOT_ID: Final = re.compile(r"r-[0-9a-z]{4,32}")
_UNIT_ID: Final = re.compile(r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}")
_ACCOUNT_ID: Final = re.compile(r"[0-9]{12}")
"""The forms of ids. Source: Organizations API Reference, data types."""


class _Root(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str = "r-root"
    scps: tuple[str, ...] = (FULL_ACCESS,)


class _Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    parent: str | None = None
    scps: tuple[str, ...] = (FULL_ACCESS,)


class _Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    unit: str | None = None
    scps: tuple[str, ...] = (FULL_ACCESS,)


class _Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    management_account: str
    root: _Root = _Root()
    unit: tuple[_Unit, ...] = ()
    account: tuple[_Account, ...] = ()


class BadOrganization(Exception):
    """A file that declares none; the text says why."""


def read_organization(path: Path) -> Organization:
    """The organization of a file; BadOrganization."""
    try:
        declared = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Declared)
    except OSError as error:
        raise BadOrganization(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # of TOML, UTF-8, or a member
        raise BadOrganization(f"{path}: {error}") from None
    return _Reading(path, declared).organization()


class _Reading:
    """Follows the references of one file."""

    def __init__(self, path: Path, declared: _Declared) -> None:
        self._path = path
        self._declared = declared

    def organization(self) -> Organization:
        declared = self._declared
        self._check_id(_ID, declared.id)
        self._check_id(_ROOT_ID, declared.root.id)
        self._check_id(_ACCOUNT_ID, declared.management_account)
        top = Member(path=f"{declared.id}/{declared.root.id}/", scps=(self._policies(declared.root.scps),))
        places = {declared.root.id: top}
        for unit in declared.unit:
            self._check_id(_UNIT_ID, unit.id)
            self._add(places, unit.id, self._below(places, unit.parent, unit.scps, step=f"{unit.id}/"))
        members: dict[str, Member] = {}
        for account in declared.account:
            self._check_id(_ACCOUNT_ID, account.id)
            self._add(members, account.id, self._below(places, account.unit, account.scps))
        manager = members.get(declared.management_account, top)
        # SCPs never limit the management account.
        members[declared.management_account] = Member(path=manager.path)
        return Organization(id=declared.id, members=members)

    def _below(self, places: dict[str, Member], parent: str | None, scps: Sequence[str], *, step: str = "") -> Member:
        above = places.get(parent or self._declared.root.id)
        if above is None:
            self._refuse(f"there is no unit {parent} before it is named")
        return Member(path=f"{above.path}{step}", scps=(*above.scps, self._policies(scps)))

    def _policies(self, names: Sequence[str]) -> tuple[NamedPolicy, ...]:
        return tuple(NamedPolicy(name, compile_policy(self._text(name)), _SCP) for name in names)

    def _text(self, name: str) -> str:
        if name == FULL_ACCESS:
            return _EVERYTHING
        try:
            text = (self._path.parent / name).read_text(encoding="utf-8")
            check_policy(text, kind="scp")
        except (OSError, UnicodeDecodeError) as error:
            self._refuse(f"the policy {name} cannot be read: {error}")
        except PolicySyntax as error:
            self._refuse(f"the policy {name} is none: {error.reason}")
        return text

    def _add(self, into: dict[str, Member], name: str, member: Member) -> None:
        if name in into:
            self._refuse(f"{name} is there twice")
        into[name] = member

    def _check_id(self, form: re.Pattern[str], given: str) -> None:
        if not form.fullmatch(given):
            self._refuse(f"{given!r} is no id of the form {form.pattern}")

    def _refuse(self, why: str) -> NoReturn:
        raise BadOrganization(f"{self._path}: {why}")

"""Versions and aliases agree with a list and a dictionary, whatever is done to them in whatever order."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.sqlite import open_store
from pileus.services.lambda_ import shapes
from tests.support.time import JumpingClock
from tests.unit.lambda_.conftest import Lambda, archive, context

_CODES = [archive({"index.py": f"NUMBER = {number}"}) for number in range(3)]
_ALIASES = ("a", "b")

_number = st.integers(1, 6)
_alias = st.sampled_from(_ALIASES)
_step = st.one_of(
    st.tuples(st.just("code"), st.integers(0, 2)),
    st.tuples(st.just("describe"), st.integers(0, 2)),
    st.tuples(st.just("publish"), st.none()),
    st.tuples(st.just("delete version"), _number),
    st.tuples(st.just("create alias"), st.tuples(_alias, _number)),
    st.tuples(st.just("move alias"), st.tuples(_alias, _number, st.one_of(st.none(), _number))),
    st.tuples(st.just("delete alias"), _alias),
    st.tuples(st.just("delete function"), st.none()),
)


class Model:
    """What there should be. latest: code and description; versions: by number, as they were."""

    def __init__(self) -> None:
        self.latest = (0, "")
        self.versions: dict[int, tuple[int, str]] = {}
        self.given = 0
        self.last: tuple[int, str] | None = None
        self.aliases: dict[str, set[int]] = {}


class Compared:
    """Each step is done to the API and to the model, which then must agree."""

    def __init__(self, functions: Lambda) -> None:
        self.functions = functions
        self.api = functions.api
        self.model = Model()

    async def run(self, steps: list[tuple[str, Any]]) -> None:
        await self._create()
        for kind, argument in steps:
            await getattr(self, f"_{kind.replace(' ', '_')}")(argument)
            await self._check()

    async def _create(self) -> None:
        await self.functions.create(code=shapes.FunctionCode(zip_file=_CODES[0]))

    async def _code(self, number: int) -> None:
        request = shapes.UpdateFunctionCodeRequest(function_name="f", zip_file=_CODES[number])
        await self.api.update_function_code(context(), request)
        self.model.latest = (number, self.model.latest[1])

    async def _describe(self, number: int) -> None:
        description = "x" * number
        request = shapes.UpdateFunctionConfigurationRequest(function_name="f", description=description)
        await self.api.update_function_configuration(context(), request)
        self.model.latest = (self.model.latest[0], description)

    async def _publish(self, _: None) -> None:
        model = self.model
        answer = await self.api.publish_version(context(), shapes.PublishVersionRequest(function_name="f"))
        if model.given not in model.versions or model.last != model.latest:
            model.given += 1
            model.versions[model.given] = model.last = model.latest
        assert answer.version == str(model.given)

    async def _delete_version(self, number: int) -> None:
        request = shapes.DeleteFunctionRequest(function_name="f", qualifier=str(number))
        used = any(number in versions for versions in self.model.aliases.values())
        assert await self._refused(self.api.delete_function(context(), request)) is used
        if not used:
            self.model.versions.pop(number, None)

    async def _create_alias(self, wanted: tuple[str, int]) -> None:
        name, number = wanted
        request = shapes.CreateAliasRequest(function_name="f", name=name, function_version=str(number))
        model = self.model
        possible = number in model.versions and name not in model.aliases
        assert await self._refused(self.api.create_alias(context(), request)) is not possible
        if possible:
            model.aliases[name] = {number}

    async def _move_alias(self, wanted: tuple[str, int, int | None]) -> None:
        name, number, second = wanted
        weights = {} if second is None else {str(second): 0.5}
        request = shapes.UpdateAliasRequest(
            function_name="f",
            name=name,
            function_version=str(number),
            routing_config=shapes.AliasRoutingConfiguration(additional_version_weights=weights),
        )
        model = self.model
        versions = {number} if second is None else {number, second}
        possible = name in model.aliases and second != number and versions <= set(model.versions)
        assert await self._refused(self.api.update_alias(context(), request)) is not possible
        if possible:
            model.aliases[name] = versions

    async def _delete_alias(self, name: str) -> None:
        await self.api.delete_alias(context(), shapes.DeleteAliasRequest(function_name="f", name=name))
        self.model.aliases.pop(name, None)

    async def _delete_function(self, _: None) -> None:
        await self.api.delete_function(context(), shapes.DeleteFunctionRequest(function_name="f"))
        self.model = Model()
        await self._create()

    async def _refused(self, call: Any) -> bool:
        try:
            await call
        except ServiceError:
            return True
        return False

    async def _check(self) -> None:
        model = self.model
        request = shapes.ListVersionsByFunctionRequest(function_name="f")
        listed = (await self.api.list_versions_by_function(context(), request)).versions or []
        found = {version.version: version.description for version in listed}
        expected = {str(number): description for number, (_, description) in model.versions.items()}
        assert found == {"$LATEST": model.latest[1], **expected}
        for name in _ALIASES:
            invocation = shapes.InvocationRequest(function_name="f", qualifier=name)
            if name not in model.aliases:
                assert await self._refused(self.api.invoke(context(), invocation))
                continue
            ran = (await self.api.invoke(context(), invocation)).executed_version
            assert int(ran or 0) in model.aliases[name]
        for number in range(1, model.given + 1):
            invocation = shapes.InvocationRequest(function_name="f", qualifier=str(number))
            if number not in model.versions:
                assert await self._refused(self.api.invoke(context(), invocation))
                continue
            await self.api.invoke(context(), invocation)
            spec, _ = self.functions.environments.invoked[-1]
            code = (spec.code_path / "index.py").read_text()
            assert code == f"NUMBER = {model.versions[number][0]}"


async def _compare(steps: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = JumpingClock()
        store = open_store(Path(folder), clock=clock)
        try:
            await Compared(Lambda(store, clock, Path(folder))).run(steps)
        finally:
            await store.close()


@given(st.lists(_step, max_size=14))
@settings(max_examples=40)
def test_versions_and_aliases_agree(steps: list[tuple[str, Any]]) -> None:
    """Numbers are never given twice, versions never change, and no alias points at nothing."""
    asyncio.run(_compare(steps))

"""Ruby functions see what AWS's runtime shows them, and say what AWS's says."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from pileus.services.lambda_.environments.types import FunctionSpec
from pileus.services.lambda_.runtimes import ruby, toolchains
from tests.unit.lambda_environments.conftest import Bench

needs_ruby = pytest.mark.skipif(not toolchains.supports("ruby3.3"), reason="Ruby is not installed here")


def _function(bench: Bench, source: str, *, file: str = "index.rb", **changes: Any) -> FunctionSpec:
    return bench.function(source, file=file, **{"runtime": "ruby3.3", "handler": "index.handler", **changes})


@needs_ruby
async def test_answers_of_every_kind(bench: Bench) -> None:
    """What a handler returns is JSON, whatever it is; the environment goes on after errors."""
    spec = _function(
        bench,
        """
        require "stringio"

        def handler(event:, context:)
          case event
          when "hash" then { ok: "hash", "n" => [1, 2.5, nil] }
          when "nothing" then nil
          when "stream" then StringIO.new("as it is")
          when "unicode" then "ü€\U0001f600"
          when "own" then Own.new
          when "throw" then raise ArgumentError, "thrown"
          when "script" then raise NotImplementedError, "not yet"
          when "missing" then no_such_thing
          when "deep" then handler(event: event, context: context)
          else event
          end
        end

        class Own
          def to_json(*) = '{"own":true}'
        end
        """,
    )
    assert await bench.answer(spec, "hash") == {"ok": "hash", "n": [1, 2.5, None]}
    assert await bench.answer(spec, "nothing") is None
    assert (await bench.invoke(spec, "stream")).payload == b"as it is"
    assert await bench.answer(spec, "unicode") == "ü€\U0001f600"
    assert await bench.answer(spec, "own") == {"own": True}
    assert await bench.answer(spec, {"an": ["event", "ü"]}) == {"an": ["event", "ü"]}
    for event, kind in (
        ("throw", "Function<ArgumentError>"),
        ("script", "Function<NotImplementedError>"),
        ("missing", "Function<NameError>"),
        ("deep", "Function<SystemStackError>"),
    ):
        result = await bench.invoke(spec, event)
        document = msgspec.json.decode(result.payload)
        assert (result.function_error, document["errorType"]) == ("Unhandled", kind)
    result = await bench.invoke(spec, "throw")
    document = msgspec.json.decode(result.payload)
    assert document["errorMessage"] == "thrown"
    assert document["stackTrace"][0].startswith("/var/task/index.rb:")
    assert not [line for line in document["stackTrace"] if "bootstrap" in line]
    assert "Error raised from handler method" in result.log.decode()
    assert await bench.answer(spec, 1) == 1


@needs_ruby
async def test_what_a_handler_is_told(bench: Bench) -> None:
    """The context's members, the environment, and the places of code and gems."""
    spec = _function(
        bench,
        """
        require "helper"

        module App
          class Api
            def self.call(event:, context:)
              left = context.get_remaining_time_in_millis
              puts "line one"
              $stderr.puts "line two"
              {
                id: context.aws_request_id, name: context.function_name, version: context.function_version,
                arn: context.invoked_function_arn, memory: context.memory_limit_in_mb,
                group: context.log_group_name, stream: context.log_stream_name,
                left: left.positive? && left <= 3000, client: context.client_context, identity: context.identity,
                helper: HELPER, root: ENV["LAMBDA_TASK_ROOT"], execution: ENV["AWS_EXECUTION_ENV"], directory: Dir.pwd,
                gems: ENV["GEM_PATH"], trace: ENV["_X_AMZN_TRACE_ID"].to_s, encoding: Encoding.default_external.name,
              }
            end
          end
        end
        """,
        file="app.rb",
        handler="app.App::Api.call",
        timeout=timedelta(seconds=3),
    )
    (spec.code_path / "helper.rb").write_text('HELPER = "found"\n')
    (spec.code_path / "helper.rb").chmod(0o644)
    result = await bench.invoke(spec, {})
    told = msgspec.json.decode(result.payload)
    assert told["name"] == spec.function_name
    assert told["memory"] == str(spec.memory_mb)
    assert told["group"] == spec.log_group
    assert told["stream"] == result.log_stream
    assert (told["left"], told["client"], told["identity"]) == (True, None, None)
    assert (told["helper"], told["encoding"]) == ("found", "UTF-8")
    assert told["execution"] == "AWS_Lambda_ruby3.3"
    assert told["directory"] == told["root"]
    assert f"{told['root']}/vendor/bundle/ruby/3.3.0:" in told["gems"]
    log = result.log.decode()
    assert log.index("START") < log.index("line one\n") < log.index("line two\n") < log.index("END")


@needs_ruby
@pytest.mark.parametrize(
    ("source", "handler", "kind"),
    [
        ("require 'no/such/gem'", "index.handler", "Init<LoadError>"),
        ("def handler(", "index.handler", "Init<SyntaxError>"),
        ("raise 'at once'", "index.handler", "Init<RuntimeError>"),
        ("", "index", "Init<ArgumentError>"),
        ("", "elsewhere.handler", "Init<LoadError>"),
    ],
)
async def test_what_cannot_be_loaded(bench: Bench, source: str, handler: str, kind: str) -> None:
    """The error says what happened, and that it happened before any event."""
    result = await bench.invoke(_function(bench, source, handler=handler), {})
    assert msgspec.json.decode(result.payload)["errorType"] == kind


@needs_ruby
async def test_ends(bench: Bench) -> None:
    """A function that ends its process, holds too much memory, or takes too long, is told as any other is."""
    spec = _function(
        bench,
        """
        def handler(event:, context:)
          case event
          when "exit" then exit 3
          when "memory" then ("x" * 400_000_000).sum
          when "time" then sleep 60
          end
          "here"
        end
        """,
        timeout=timedelta(seconds=4),
    )
    for event, told in (
        ("exit", b"Runtime exited with error: exit status 3"),
        ("memory", b"signal: killed"),
        ("time", b"Task timed out after 4.00 seconds"),
    ):
        assert told in (await bench.invoke(spec, event)).payload
    assert await bench.answer(spec, "fine") == "here"


@needs_ruby
async def test_long_answers_and_events(bench: Bench) -> None:
    """Six megabytes in both directions; more is AWS's error."""
    spec = _function(
        bench,
        """
        def handler(event:, context:)
          event.is_a?(Integer) ? "x" * event : event.size
        end
        """,
    )
    assert await bench.answer(spec, "y" * 5_000_000) == 5_000_000
    assert len(await bench.answer(spec, 6_000_000)) == 6_000_000
    result = await bench.invoke(spec, 6_291_556)
    assert msgspec.json.decode(result.payload)["errorType"] == "Function.ResponseSizeTooLarge"
    assert await bench.answer(spec, 1) == "x"


def test_where_gems_are() -> None:
    """Bundler's folder in the package, then layers; of the version that is named and of that which runs."""
    places = ruby.gem_paths(task_root="/var/task", layers_root="/opt", versions=["3.3.0", "3.1.0"]).split(":")
    assert places == [
        "/var/task/vendor/bundle/ruby/3.3.0",
        "/var/task/vendor/bundle/ruby/3.1.0",
        "/opt/ruby/gems/3.3.0",
        "/opt/ruby/gems/3.1.0",
        "",
    ]

# frozen_string_literal: true

# How does a Ruby function run inside its cell?
#
# Loads the handler, says that it is ready, and answers one event after the other: frames as kernel/sandbox/wire.py and
# runtimes/frames.py say. What the function writes goes to the descriptors 1 and 2 as it is written.

require "json"

module Pileus
  # Frames on the channel: four bytes of length, one of kind, the body.
  module Channel
    IO_ = IO.for_fd(3, "r+b", autoclose: false)
    IO_.sync = true
    READY = 0x59
    INIT_ERROR = 0x4e
    ANSWER = 0x52
    ERROR = 0x45
    LINE = 0x4c
    RESPONSE_BYTES_MAX = 6_291_556
    TOO_LARGE = JSON.generate(
      errorMessage: "Response payload size exceeded maximum allowed payload size (#{RESPONSE_BYTES_MAX} bytes).",
      errorType: "Function.ResponseSizeTooLarge"
    )

    module_function

    def send(kind, body)
      IO_.write([body.bytesize + 1, kind].pack("NC") + body.b)
    rescue SystemCallError, IOError
      exit!(1) # Pileus has gone
    end

    # The end of an invocation: kind, most memory held so far in KiB, payload.
    def conclude(kind, text)
      kind, text = ERROR, TOO_LARGE if text.bytesize > RESPONSE_BYTES_MAX
      send(kind, [peak_kib].pack("N") + text.b)
    end

    # The body of the next frame.
    def receive
      header = IO_.read(4)
      exit!(0) if header.nil? || header.bytesize < 4
      frame = IO_.read(header.unpack1("N"))
      exit!(0) if frame.nil?
      frame.byteslice(1, frame.bytesize - 1)
    end

    # 0 where it cannot be known: then the control group says it.
    def peak_kib
      File.read("/proc/self/status")[/^VmHWM:\s+(\d+)/, 1].to_i
    rescue SystemCallError
      0
    end
  end

  # What a handler is told of its invocation. Source: Lambda Developer Guide, "Using the Lambda context object to
  # retrieve Ruby function information".
  class Context
    attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name, :function_name,
                :memory_limit_in_mb, :function_version, :identity, :client_context, :deadline_ms

    def initialize(request_id, deadline_ms, arn, client_context)
      @aws_request_id = request_id
      @deadline_ms = deadline_ms
      @invoked_function_arn = arn
      @log_group_name = ENV["AWS_LAMBDA_LOG_GROUP_NAME"]
      @log_stream_name = ENV["AWS_LAMBDA_LOG_STREAM_NAME"]
      @function_name = ENV["AWS_LAMBDA_FUNCTION_NAME"]
      @memory_limit_in_mb = ENV["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
      @function_version = ENV["AWS_LAMBDA_FUNCTION_VERSION"]
      @client_context = JSON.parse(client_context) unless client_context.empty?
    end

    def get_remaining_time_in_millis
      [deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), 0].max
    end
  end

  # The function's own code, as `FILE.METHOD` or `FILE.CLASS.METHOD` names it.
  class Handler
    def initialize(named)
      parts = named.split(".")
      unless [2, 3].include?(parts.size)
        raise ArgumentError, "Invalid handler #{named}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD " \
                             "where FILENAME corresponds with an existing Ruby source file FILENAME.rb, CLASS is an " \
                             "optional module/class namespace and METHOD is a callable method. If using CLASS, " \
                             "METHOD must be a class-level method."
      end
      @file, @method = parts.first, parts.last
      @class = parts[1] if parts.size == 3
      require File.expand_path(@file, ENV["LAMBDA_TASK_ROOT"])
    end

    def call(event, context)
      target = @class ? Object.const_get(@class) : Kernel
      target.send(@method, event: event, context: context)
    end
  end

  OWN = __FILE__
  FAILURES = [StandardError, ScriptError, NoMemoryError, SystemStackError].freeze

  module_function

  # As AWS writes it: `Function<RuntimeError>` of a handler, `Init<LoadError>` of what loads it.
  def document(error, phase)
    trace = (error.backtrace || []).reject { |line| line.start_with?(OWN) || line.include?("internal:") }
    { errorMessage: error.message.to_s.scrub, errorType: "#{phase}<#{error.class}>", stackTrace: trace }
  end

  def tell(error, phase, said)
    told = document(error, phase)
    Channel.send(Channel::LINE, "#{said}\n#{JSON.pretty_generate(told)}\n")
    JSON.generate(told)
  end

  def text_of(answer)
    answer.respond_to?(:read) ? answer.read.to_s : answer.to_json
  end

  def invoke(handler, frame)
    size = frame.unpack1("N")
    request_id, deadline_ms, arn, trace_id, client_context = frame.byteslice(4, size).force_encoding("UTF-8").split("\0", 5)
    ENV["_X_AMZN_TRACE_ID"] = trace_id.empty? ? nil : trace_id
    payload = frame.byteslice(4 + size, frame.bytesize).force_encoding("UTF-8")
    context = Context.new(request_id, deadline_ms.to_i, arn, client_context)
    Channel.conclude(Channel::ANSWER, text_of(handler.call(JSON.parse(payload), context)))
  rescue *FAILURES => error
    Channel.conclude(Channel::ERROR, tell(error, "Function", "Error raised from handler method"))
  end

  def run
    $stdout.sync = $stderr.sync = true
    begin
      handler = Handler.new(ENV["_HANDLER"])
    rescue *FAILURES => error
      Channel.send(Channel::INIT_ERROR, tell(error, "Init", "Init error when loading handler #{ENV["_HANDLER"]}"))
      exit!(1)
    end
    Channel.send(Channel::READY, "")
    loop { invoke(handler, Channel.receive) }
  end
end

Pileus.run

# Runs a Ruby function behind the Lambda Runtime API.
#
# Written by cadabra into LAMBDA_RUNTIME_DIR and started as `ruby bootstrap.rb`. It loads the file of
# the handler named by _HANDLER (file.method or file.Class.method), then asks for events and answers
# them one at a time, with the error shapes of AWS's own Ruby runtime.

$stdout.sync = true
$stderr.sync = true

require 'json'
require 'logger'
require 'net/http'
require 'stringio'

module AwsLambda
  # AWS: functions may define these two anew.
  module Marshaller
    def self.marshall_request(raw_request)
      body = raw_request.body.to_s.dup.force_encoding('UTF-8')
      raw_request['Content-Type'] == 'application/json' ? JSON.parse(body) : body
    end

    def self.marshall_response(response)
      case response
      when StringIO, IO then [response, 'application/unknown']
      else response.to_json
      end
    end
  end
end

# What the function is called by. AWS: a method without a class is looked up here, so its name is in the
# message about one that is not there.
class LambdaHandler
  attr_reader :handler_file_name, :handler_method_name

  def initialize(name)
    parts = name.split('.')
    raise ArgumentError, "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME corresponds with an existing Ruby source file FILENAME.rb, CLASS is an optional module/class namespace and METHOD is a callable method. If using CLASS, METHOD must be a class-level method." unless [2, 3].include?(parts.size)

    @handler_file_name = parts.first
    @handler_class = parts[1] if parts.size == 3
    @handler_method_name = parts.last
  end

  def call(event, context)
    owner = @handler_class ? Kernel.const_get(@handler_class) : self
    AwsLambda::Marshaller.marshall_response(owner.__send__(@handler_method_name, event: event, context: context))
  end
end

module Kernel
  # AWS: what one call prints is one event in the log, however many lines it has.
  def puts(*texts)
    text = texts.flatten.map { |t| t.to_s.encode('UTF-8') }.join("\n").chomp
    $stdout.write("#{text.gsub("\n", "\r")}\n")
    nil
  end
end

module Cadabra
  API = '/2018-06-01/runtime'

  class << self
    attr_accessor :request_id
  end

  # Lines of Logger name the request, as AWS's do.
  class LogFormatter < Logger::Formatter
    def call(severity, time, progname, msg)
      line = format('%s, [%s #%d] %5s %s -- %s: %s', severity[0], format_datetime(time), $$, severity,
                    Cadabra.request_id, progname, msg2str(msg))
      "#{line.chomp.gsub("\n", "\r")}\n"
    end
  end

  # Loggers that write to the log and have no form of their own.
  module LoggerPatch
    def initialize(logdev, *rest, formatter: nil, **options)
      to_log = !logdev || logdev == $stdout || logdev == $stderr
      super(to_log ? $stdout : logdev, *rest, formatter: formatter || (LogFormatter.new if to_log), **options)
    end
  end
  Logger.prepend(LoggerPatch)

  # What a function learns about its invocation.
  class Context
    attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name,
                :function_name, :memory_limit_in_mb, :function_version, :identity, :client_context,
                :deadline_ms, :tenant_id

    def initialize(headers)
      @aws_request_id = headers['Lambda-Runtime-Aws-Request-Id']
      @invoked_function_arn = headers['Lambda-Runtime-Invoked-Function-Arn']
      @deadline_ms = headers['Lambda-Runtime-Deadline-Ms'].to_i
      @log_group_name = ENV['AWS_LAMBDA_LOG_GROUP_NAME']
      @log_stream_name = ENV['AWS_LAMBDA_LOG_STREAM_NAME']
      @function_name = ENV['AWS_LAMBDA_FUNCTION_NAME']
      @memory_limit_in_mb = ENV['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']
      @function_version = ENV['AWS_LAMBDA_FUNCTION_VERSION']
      @client_context = parse(headers['Lambda-Runtime-Client-Context'])
      @tenant_id = headers['Lambda-Runtime-Aws-Tenant-Id']
      @identity = parse(headers['Lambda-Runtime-Cognito-Identity'])
    end

    def get_remaining_time_in_millis
      [@deadline_ms - (Time.now.to_f * 1000).to_i, 0].max
    end

    private

    def parse(text)
      JSON.parse(text) unless text.to_s.empty?
    end
  end

  KNOWN_ERRORS = %w[ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit
                    SystemStackError].freeze

  # One persistent connection to the Runtime API.
  class Client
    def initialize(address)
      host, port = address.split(':')
      @http = Net::HTTP.new(host, port.to_i, nil)
      @http.read_timeout = nil
      @http.keep_alive_timeout = 3600
      @http.start
    end

    def next
      loop do
        answer = @http.get("#{API}/invocation/next")
        return answer if answer.code == '200'
      end
    end

    def respond(id, text, type)
      text = text.read if type == 'application/unknown'
      @http.post("#{API}/invocation/#{id}/response", text, 'Content-Type' => type || 'application/json')
    end

    def fail(path, error)
      type = KNOWN_ERRORS.include?(error['errorType'][/<(.*)>/, 1]) ? error['errorType'] : 'Function<UserException>'
      @http.post(API + path, JSON.generate(error),
                 'Content-Type' => 'application/json', 'Lambda-Runtime-Function-Error-Type' => type)
    end
  end

  module_function

  def describe(error, kind = 'Function')
    trace = (error.backtrace || []).first(100).take_while { |line| !line.start_with?(__FILE__) }
    { 'errorMessage' => error.message.to_s, 'errorType' => "#{kind}<#{error.class}>", 'stackTrace' => trace }
  end

  def report(client, path, message, error)
    puts message
    puts JSON.pretty_generate(error)
    client.fail(path, error)
  end

  # AWS: after an error of these kinds the process ends.
  def critical?(error)
    error.is_a?(NameError) || !error.is_a?(StandardError)
  end

  def handle(client, handler, request)
    id = Cadabra.request_id = request['Lambda-Runtime-Aws-Request-Id']
    ENV['_X_AMZN_TRACE_ID'] = request['Lambda-Runtime-Trace-Id'] if request['Lambda-Runtime-Trace-Id']
    begin
      text, type = handler.call(AwsLambda::Marshaller.marshall_request(request), Context.new(request))
    rescue Exception => e # rubocop:disable Lint/RescueException
      message = critical?(e) ? 'Critical exception from handler' : 'Error raised from handler method'
      report(client, "/invocation/#{id}/error", message, describe(e))
      exit!(255) if critical?(e)
      return
    end
    client.respond(id, text, type)
  end

  def main
    client = Client.new(ENV['AWS_LAMBDA_RUNTIME_API'])
    $LOAD_PATH.unshift(ENV['LAMBDA_TASK_ROOT'])
    begin
      handler = LambdaHandler.new(ENV['_HANDLER'])
      require handler.handler_file_name
    rescue Exception => e # rubocop:disable Lint/RescueException
      report(client, '/init/error', "Init error when loading handler #{ENV['_HANDLER']}", describe(e, 'Init'))
      exit!(252)
    end
    loop { handle(client, handler, client.next) }
  end
end

Cadabra.main

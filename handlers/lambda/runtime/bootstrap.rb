# Runs a Ruby function behind the Lambda Runtime API.
#
# Written by cadabra into LAMBDA_RUNTIME_DIR and started as `ruby bootstrap.rb`. It loads the handler
# named by _HANDLER (file.method or file.Class.method), then asks for events and answers them one at
# a time, with the error shapes of AWS's own Ruby runtime.

$stdout.sync = true
$stderr.sync = true

require 'json'
require 'net/http'

module Cadabra
  API = '/2018-06-01/runtime'

  # What a function learns about its invocation.
  class Context
    attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name,
                :function_name, :memory_limit_in_mb, :function_version, :identity, :client_context,
                :deadline_ms

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
      @identity = parse(headers['Lambda-Runtime-Cognito-Identity'])
    end

    def get_remaining_time_in_millis
      [@deadline_ms - (Time.now.to_f * 1000).to_i, 0].max
    end

    private

    def parse(text)
      text && JSON.parse(text)
    end
  end

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

    def respond(id, text)
      @http.post("#{API}/invocation/#{id}/response", text, 'Content-Type' => 'application/json')
    end

    def fail(path, error)
      @http.post(API + path, JSON.generate(error),
                 'Content-Type' => 'application/json',
                 'Lambda-Runtime-Function-Error-Type' => error['errorType'].gsub(/[^ -~]/, '?'))
    end
  end

  module_function

  def describe(error, kind = 'Function')
    { 'errorMessage' => error.message.to_s, 'errorType' => "#{kind}<#{error.class}>",
      'stackTrace' => (error.backtrace || []).reject { |line| line.start_with?(__FILE__) } }
  end

  # AWS: the last part is the method, a middle one its class or module.
  def load_handler(name)
    file, *owner, method = name.split('.')
    raise ArgumentError, "Invalid handler #{name}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME corresponds with an existing Ruby source file FILENAME.rb, CLASS is an optional module/class namespace and METHOD is a callable method. If using CLASS, METHOD must be a class-level method." if file.nil? || method.nil? || owner.size > 1

    require File.join(ENV['LAMBDA_TASK_ROOT'], file)
    owner.empty? ? TOPLEVEL_BINDING.receiver.method(method) : Object.const_get(owner[0]).method(method)
  end

  def handle(client, handler, answer)
    id = answer['Lambda-Runtime-Aws-Request-Id']
    ENV['_X_AMZN_TRACE_ID'] = answer['Lambda-Runtime-Trace-Id']
    begin
      body = answer.body.to_s.dup.force_encoding('UTF-8')
      result = handler.call(event: JSON.parse(body), context: Context.new(answer))
      client.respond(id, JSON.generate(result))
    rescue SystemExit
      raise
    rescue Exception => e # rubocop:disable Lint/RescueException
      error = describe(e)
      puts "Error raised from handler method\r#{JSON.generate(error)}"
      client.fail("/invocation/#{id}/error", error)
    end
  end

  def main
    client = Client.new(ENV['AWS_LAMBDA_RUNTIME_API'])
    $LOAD_PATH.unshift(ENV['LAMBDA_TASK_ROOT'])
    begin
      handler = load_handler(ENV['_HANDLER'])
    rescue Exception => e # rubocop:disable Lint/RescueException
      error = describe(e, 'Init')
      puts "Init error when loading handler #{ENV['_HANDLER']}\r#{JSON.generate(error)}"
      client.fail('/init/error', error)
      exit 1
    end
    loop { handle(client, handler, client.next) }
  end
end

Cadabra.main

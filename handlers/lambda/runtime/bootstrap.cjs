/*
 * Runs a Node.js function behind the Lambda Runtime API.
 *
 * Written by cadabra into LAMBDA_RUNTIME_DIR and started as `node bootstrap.cjs`. It loads the
 * handler named by _HANDLER (CommonJS or ES module), then asks for events and answers them one at
 * a time, with the error shapes and log lines of AWS's own Node.js runtime: a handler may be async,
 * may call back, or may use context.succeed/fail/done.
 */
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const util = require('node:util');

const API = '/2018-06-01/runtime';

class RuntimeError extends Error {
  constructor(kind, message, cause) {
    super(message);
    this.name = `Runtime.${kind}`;
    if (cause && cause.stack) this.stack = cause.stack;
  }
}

// --- the Runtime API ---

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');

function call(method, where, body, headers, done) {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const options = { host, port, method, path: API + where, agent, headers: { ...headers } };
  if (bytes) options.headers['Content-Length'] = bytes.length;
  const request = http.request(options, (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.on('end', () => done(response, Buffer.concat(chunks).toString('utf8')));
  });
  request.on('error', (error) => {
    process.stderr.write(`Runtime API: ${error.message}\n`);
    process.exit(1);
  });
  request.end(bytes);
}

function describe(error) {
  try {
    if (util.types.isNativeError(error) || (error && error.name && error.message && error.stack))
      return { errorType: error.name, errorMessage: error.message, trace: error.stack.split('\n') };
    return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or ' +
        'more of its message, name, and stack',
    };
  }
}

function postError(where, error, done) {
  const text = describe(error);
  const headers = {
    'Content-Type': 'application/json',
    'Lambda-Runtime-Function-Error-Type': String(text.errorType).replace(/[^ -~]/g, '?'),
  };
  call('POST', where, JSON.stringify(text), headers, done);
}

function postResponse(id, result, done) {
  let body;
  try {
    body = JSON.stringify(result === undefined ? null : result);
  } catch {
    throw new Error('Unable to stringify response body');
  }
  const headers = { 'Content-Type': 'application/json' };
  call('POST', `/invocation/${id}/response`, body === undefined ? 'null' : body, headers, done);
}

// --- log lines ---

let requestId;

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/* One object a line, as the log format JSON wants it. */
function patchConsoleJson() {
  const least = LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL || 'INFO');
  const level = (name) => (...values) => {
    if (LEVELS.indexOf(name) < least) return;
    const shown = { timestamp: new Date().toISOString(), level: name, requestId };
    const error = values.find((value) => value instanceof Error);
    if (values.length === 1 && values[0] !== null && typeof values[0] === 'object' && !error) {
      shown.message = values[0];
    } else {
      shown.message = util.format(...values);
    }
    if (error) {
      shown.errorType = error.name;
      shown.errorMessage = error.message;
      shown.stackTrace = String(error.stack).split('\n');
    }
    let text;
    try {
      text = JSON.stringify(shown);
    } catch {
      text = JSON.stringify({ ...shown, message: util.format(...values) });
    }
    process.stdout.write(text + '\n');
  };
  console.trace = level('TRACE');
  console.debug = level('DEBUG');
  console.log = console.info = level('INFO');
  console.warn = level('WARN');
  console.error = level('ERROR');
  console.fatal = level('FATAL');
}

function patchConsole() {
  if (process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON') return patchConsoleJson();
  const level = (name) => (message, ...more) => {
    const text = util.format(message, ...more);
    const line = `${new Date().toISOString()}\t${requestId}\t${name}\t${text}`;
    process.stdout.write(line.replace(/\n/g, '\r') + '\n'); // one event, however many lines
  };
  console.trace = level('TRACE');
  console.debug = level('DEBUG');
  console.log = console.info = level('INFO');
  console.warn = level('WARN');
  console.error = level('ERROR');
  console.fatal = level('FATAL');
}

function logError(title, reason) {
  const error = reason instanceof Error ? reason : new Error(reason);
  let text;
  try {
    text = JSON.stringify(error, (_key, value) => {
      if (!(value instanceof Error)) return value;
      const shown = { errorType: value.name, errorMessage: value.message, code: value.code };
      Object.assign(shown, value);
      if (typeof value.stack === 'string') shown.stack = value.stack.split('\n');
      return shown;
    });
  } catch {
    text = JSON.stringify(describe(error));
  }
  console.error(title, '\t' + text);
}

// --- the handler ---

function nearestPackageIsModule(folder) {
  for (let at = folder; !at.endsWith('/node_modules'); at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    if (fs.existsSync(file)) {
      try {
        return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
      } catch {
        return false;
      }
    }
    if (at === path.dirname(at)) break;
  }
  return false;
}

async function loadModule(root, folder, name) {
  const base = path.resolve(root, folder, name);
  const has = (suffix) => fs.existsSync(base + suffix) && fs.statSync(base + suffix).isFile();
  if (has('')) return require(base);
  if (has('.js')) {
    return nearestPackageIsModule(path.dirname(base)) ? import(base + '.js') : require(base + '.js');
  }
  if (has('.mjs')) return import(base + '.mjs');
  if (has('.cjs')) return require(base + '.cjs');
  return require(require.resolve(name, { paths: [root, path.resolve(root, folder)] }));
}

async function loadHandler(root, full) {
  if (full.includes('..')) {
    throw new RuntimeError('MalformedHandlerName', `'${full}' is not a valid handler name. Use ` +
      'absolute paths when specifying root directories in handler names.');
  }
  const last = path.basename(full);
  const match = last.match(/^([^.]*)\.(.*)$/);
  if (!match) throw new RuntimeError('MalformedHandlerName', 'Bad handler');
  let loaded;
  try {
    loaded = await loadModule(root, full.substring(0, full.indexOf(last)), match[1]);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new RuntimeError('UserCodeSyntaxError', String(error), error);
    if (error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND'))
      throw new RuntimeError('ImportModuleError', String(error), error);
    throw error;
  }
  const handler = match[2].split('.').reduce((at, key) => at && at[key], loaded);
  if (!handler) throw new RuntimeError('HandlerNotFound', `${full} is undefined or not exported`);
  if (typeof handler !== 'function')
    throw new RuntimeError('HandlerNotFound', `${full} is not a function`);
  return handler;
}

// --- one event after the other ---

/* What happens when the event loop is empty: an answer that waits for it, or the default. */
let onEmptyLoop = () => {};
let onFatal = (error, code) => postError('/init/error', error, () => process.exit(code));

function makeContext(headers) {
  const deadline = parseInt(headers['lambda-runtime-deadline-ms'], 10);
  const parse = (name) => (headers[name] === undefined ? undefined : JSON.parse(headers[name]));
  return {
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse('lambda-runtime-client-context'),
    identity: parse('lambda-runtime-cognito-identity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function makeAnswers(id, next) {
  let answered = false;
  let waits = true;
  const fail = (error) => {
    logError('Invoke Error', error);
    postError(`/invocation/${id}/error`, error, next);
  };
  const succeed = (result) => {
    try {
      postResponse(id, result, next);
    } catch (error) {
      fail(error);
    }
  };
  const once = (answer) => (...values) => {
    if (answered) return;
    answered = true;
    onEmptyLoop = () => {};
    answer(...values);
  };
  const bad = (error) => error !== undefined && error !== null;
  const callback = once((error, result) => {
    if (bad(error)) fail(error);
    else if (!waits) succeed(result);
    else onEmptyLoop = () => { onEmptyLoop = () => {}; succeed(result); };
  });
  const done = once((error, result) => (bad(error) ? fail(error) : succeed(result)));
  const context = {
    get callbackWaitsForEmptyEventLoop() { return waits; },
    set callbackWaitsForEmptyEventLoop(value) { waits = value; },
    succeed: (result) => done(null, result),
    fail: (error) => done(bad(error) ? error : 'handled'),
    done,
  };
  return { callback, context };
}

function handleOne(handler, headers, body, next) {
  const id = headers['lambda-runtime-aws-request-id'];
  const isAsync = handler.constructor.name === 'AsyncFunction';
  const { callback, context } = makeAnswers(id, next);
  requestId = id;
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] || '';
  onFatal = (error, code) =>
    postError(`/invocation/${id}/error`, error, () => process.exit(code));
  onEmptyLoop = () => {
    if (!isAsync) return context.succeed(null);
    return context.fail(new RuntimeError('NodeJsExit', 'The Lambda runtime client detected an ' +
      'unexpected Node.js exit code. This is most commonly caused by a Promise that was never ' +
      'settled. For more information, see ' +
      'https://nodejs.org/docs/latest/api/process.html#exit-codes'));
  };
  try {
    const result = handler(JSON.parse(body), Object.assign(context, makeContext(headers)), callback);
    if (result && typeof result.then === 'function')
      result.then(context.succeed, context.fail);
  } catch (error) {
    callback(error);
  }
}

// --- answers that are streamed ---

const STREAMS = Symbol.for('aws.lambda.runtime.handler.streaming');
const HTTP_INTEGRATION = 'application/vnd.awslambda.http-integration-response';

globalThis.awslambda = {
  streamifyResponse(handler) {
    handler[STREAMS] = 'response';
    return handler;
  },
  HttpResponseStream: class HttpResponseStream {
    static from(stream, prelude) {
      stream.setContentType(HTTP_INTEGRATION);
      stream.write(JSON.stringify(prelude));
      stream.write(Buffer.alloc(8));
      return stream;
    }
  },
};

/* A stream whose bytes go to the Runtime API as they come: the request begins with the first. */
function makeResponseStream(id, next) {
  let request;
  let type = 'application/octet-stream';
  let failed = false;
  const begin = () => {
    if (request) return request;
    request = http.request({
      host, port, method: 'POST', path: `${API}/invocation/${id}/response`,
      headers: {
        'Content-Type': type,
        'Lambda-Runtime-Function-Response-Mode': 'streaming',
        'Transfer-Encoding': 'chunked',
      },
    }, (response) => response.resume().on('end', () => { if (!failed) next(); }));
    request.on('error', (error) => {
      if (failed) return;
      process.stderr.write(`Runtime API: ${error.message}\n`);
      process.exit(1);
    });
    request.flushHeaders();
    return request;
  };
  const stream = new (require('node:stream').Writable)({
    write: (chunk, encoding, done) => begin().write(chunk, encoding, done),
    final: (done) => { begin().end(); done(); },
  });
  stream.setContentType = (value) => { type = value; };
  /* What was sent cannot be taken back: the error is reported beside it, then the rest is cut. */
  stream.fail = (error) => {
    if (failed) return;
    failed = true;
    logError('Invoke Error', error);
    postError(`/invocation/${id}/error`, error, () => {
      if (request) request.destroy();
      next();
    });
  };
  return stream;
}

function streamOne(handler, headers, body, next) {
  const id = headers['lambda-runtime-aws-request-id'];
  const stream = makeResponseStream(id, next);
  requestId = id;
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] || '';
  onFatal = (error, code) => postError(`/invocation/${id}/error`, error, () => process.exit(code));
  onEmptyLoop = () => { onEmptyLoop = () => {}; if (!stream.writableEnded) stream.end(); };
  stream.on('error', (error) => stream.fail(error));
  try {
    const result = handler(JSON.parse(body), stream, makeContext(headers));
    if (result && typeof result.then === 'function')
      result.then(() => { if (!stream.writableEnded) stream.end(); }, (error) => stream.fail(error));
  } catch (error) {
    stream.fail(error);
  }
}

function serve(handler) {
  onEmptyLoop = () => {};
  call('GET', '/invocation/next', undefined, {}, (response, body) => {
    if (response.statusCode !== 200) return setImmediate(serve, handler);
    const handle = handler[STREAMS] === 'response' ? streamOne : handleOne;
    return handle(handler, response.headers, body, () => setImmediate(serve, handler));
  });
}

patchConsole();
process.on('beforeExit', () => onEmptyLoop());
process.on('uncaughtException', (error) => {
  logError('Uncaught Exception', error);
  onFatal(error, 129);
});
process.on('unhandledRejection', (reason) => {
  const error = new RuntimeError('UnhandledPromiseRejection', String(reason));
  error.reason = reason;
  logError('Unhandled Promise Rejection', error);
  onFatal(error, 128);
});
loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER).then(serve, (error) => {
  logError('Uncaught Exception', error);
  onFatal(error, 129);
});

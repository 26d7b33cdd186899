package cadabra.lambda;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.function.Function;

/**
 * What a function is given beside its event: AWS's Context and what hangs on it. Their interfaces come with the
 * function's own aws-lambda-java-core, so they are implemented by proxies.
 */
final class Surroundings {
    private static final String PACKAGE = "com.amazonaws.services.lambda.runtime.";

    private final ClassLoader loader;
    private final Logger logger;
    /** Null where the function has no such interface; then it cannot ask for one either. */
    final Class<?> contextType;
    private final Object lambdaLogger;

    Surroundings(ClassLoader loader, Logger logger) {
        this.loader = loader;
        this.logger = logger;
        this.contextType = find(loader, "Context");
        this.lambdaLogger = contextType == null ? null : proxy("LambdaLogger", this::log);
        shareLogger();
    }

    /** A class of aws-lambda-java-core; null when the function does not have it. */
    static Class<?> find(ClassLoader loader, String name) {
        try {
            return Class.forName(PACKAGE + name, false, loader);
        } catch (ClassNotFoundException | LinkageError e) {
            return null;
        }
    }

    private interface Answer {
        Object to(String method, Object[] arguments);
    }

    private Object proxy(String name, Answer answer) {
        InvocationHandler handler = (self, method, arguments) -> {
            if (method.getDeclaringClass() == Object.class)
                return ofObject(self, method, arguments, name);
            Object found = answer.to(method.getName(), arguments);
            return found == null && method.getReturnType() == int.class ? 0 : found;
        };
        return Proxy.newProxyInstance(loader, new Class<?>[] {find(loader, name)}, handler);
    }

    private static Object ofObject(Object self, Method method, Object[] arguments, String name) {
        switch (method.getName()) {
        case "equals":
            return self == arguments[0];
        case "hashCode":
            return System.identityHashCode(self);
        default:
            return name + "@" + Integer.toHexString(System.identityHashCode(self));
        }
    }

    /** LambdaRuntime.getLogger(), which log4j2's appender for Lambda uses, gives the same logger. */
    private void shareLogger() {
        try {
            Class<?> runtime = contextType == null ? null : find(loader, "LambdaRuntime");
            if (runtime == null)
                return;
            java.lang.reflect.Field field = runtime.getDeclaredField("logger");
            field.setAccessible(true);
            field.set(null, lambdaLogger);
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            /* Its own logger writes to standard output, which is the log, too. */
        }
    }

    private Object log(String method, Object[] arguments) {
        String level = arguments.length > 1 && arguments[1] != null ? arguments[1].toString() : Logger.NO_LEVEL;
        if (arguments[0] instanceof byte[])
            logger.log((byte[]) arguments[0], level);
        else
            logger.log((String) arguments[0], level);
        return null;
    }

    Object context(Map<String, String> headers) {
        if (contextType == null)
            return null;
        Map<String, Object> identity = parse(headers.get("lambda-runtime-cognito-identity"));
        Map<String, Object> client = parse(headers.get("lambda-runtime-client-context"));
        long deadline = Long.parseLong(headers.getOrDefault("lambda-runtime-deadline-ms", "0"));
        Object cognito = identity == null ? null : proxy("CognitoIdentity", (m, a) -> ofIdentity(m, identity));
        Object clientContext = client == null ? null : proxy("ClientContext", (m, a) -> ofClientContext(m, client));
        return proxy("Context", (method, arguments) -> {
            switch (method) {
            case "getRemainingTimeInMillis":
                return (int) Math.max(deadline - System.currentTimeMillis(), 0);
            case "getIdentity":
                return cognito;
            case "getClientContext":
                return clientContext;
            case "getLogger":
                return lambdaLogger;
            default:
                return ofContext(method, headers);
            }
        });
    }

    private static Object ofContext(String method, Map<String, String> headers) {
        switch (method) {
        case "getAwsRequestId":
            return headers.get("lambda-runtime-aws-request-id");
        case "getInvokedFunctionArn":
            return headers.get("lambda-runtime-invoked-function-arn");
        case "getXrayTraceId":
            return headers.get("lambda-runtime-trace-id");
        case "getTenantId":
            return headers.get("lambda-runtime-aws-tenant-id");
        case "getLogGroupName":
            return System.getenv("AWS_LAMBDA_LOG_GROUP_NAME");
        case "getLogStreamName":
            return System.getenv("AWS_LAMBDA_LOG_STREAM_NAME");
        case "getFunctionName":
            return System.getenv("AWS_LAMBDA_FUNCTION_NAME");
        case "getFunctionVersion":
            return System.getenv("AWS_LAMBDA_FUNCTION_VERSION");
        case "getMemoryLimitInMB":
            return Integer.valueOf(System.getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"));
        default:
            return null;
        }
    }

    private static Map<String, Object> parse(String json) {
        return json == null || json.isEmpty() ? null : Json.parseObject(json);
    }

    private static Object ofIdentity(String method, Map<String, Object> identity) {
        return identity.get(method.equals("getIdentityId") ? "cognitoIdentityId" : "cognitoIdentityPoolId");
    }

    @SuppressWarnings("unchecked")
    private Object ofClientContext(String method, Map<String, Object> context) {
        if (!method.equals("getClient"))
            return context.get(method.equals("getCustom") ? "custom" : "env");
        Object client = context.get("client");
        if (!(client instanceof Map))
            return null;
        Function<String, Object> member = ((Map<String, Object>) client)::get;
        /* getAppVersionCode is app_version_code */
        return proxy("Client", (m, a) -> member.apply(m.substring(3).replaceAll("(?<=.)([A-Z])", "_$1").toLowerCase()));
    }
}

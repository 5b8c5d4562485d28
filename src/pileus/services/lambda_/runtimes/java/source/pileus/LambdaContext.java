package pileus;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What does a handler learn from its `Context`?
 *
 * The interface comes with the function's package (aws-lambda-java-core), so this answers whatever it declares.
 */
final class LambdaContext implements InvocationHandler {
    private final String requestId;
    private final long deadlineMs;
    private final String arn;
    private final Object client;
    private final Channel channel;

    private LambdaContext(String requestId, long deadlineMs, String arn, Object client, Channel channel) {
        this.requestId = requestId;
        this.deadlineMs = deadlineMs;
        this.arn = arn;
        this.client = client;
        this.channel = channel;
    }

    /** An instance of the interface `type`. meta: as frames.EVENT says, after the request id. */
    static Object of(Class<?> type, String[] meta, Channel channel) {
        Object client = meta[4].isEmpty() ? null : Json.parse(meta[4]);
        return proxy(type, new LambdaContext(meta[0], Long.parseLong(meta[1]), meta[2], client, channel));
    }

    private static Object proxy(Class<?> type, InvocationHandler handler) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) {
        switch (method.getName()) {
            case "getAwsRequestId":
                return requestId;
            case "getInvokedFunctionArn":
                return arn;
            case "getFunctionName":
                return System.getenv("AWS_LAMBDA_FUNCTION_NAME");
            case "getFunctionVersion":
                return System.getenv("AWS_LAMBDA_FUNCTION_VERSION");
            case "getLogGroupName":
                return System.getenv("AWS_LAMBDA_LOG_GROUP_NAME");
            case "getLogStreamName":
                return System.getenv("AWS_LAMBDA_LOG_STREAM_NAME");
            case "getMemoryLimitInMB":
                return Integer.parseInt(System.getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"));
            case "getRemainingTimeInMillis":
                return (int) Math.max(0, deadlineMs - System.currentTimeMillis());
            case "getLogger":
                return proxy(method.getReturnType(), this::log);
            case "getClientContext":
                return client instanceof Map ? proxy(method.getReturnType(), members((Map<?, ?>) client)) : null;
            default:
                return basic(proxy, method, arguments);
        }
    }

    private Object log(Object proxy, Method method, Object[] arguments) {
        if (!method.getName().equals("log")) return basic(proxy, method, arguments);
        Object told = arguments[0];
        channel.line(told instanceof byte[] ? new String((byte[]) told, StandardCharsets.UTF_8) : String.valueOf(told));
        return null;
    }

    /** ClientContext and Client: what getters ask for, by the names of mobile SDKs. */
    private static InvocationHandler members(Map<?, ?> members) {
        return (proxy, method, arguments) -> {
            if (!method.getName().startsWith("get")) return basic(proxy, method, arguments);
            Class<?> type = method.getReturnType();
            if (type == Map.class) return members.get(method.getName().equals("getEnvironment") ? "env" : "custom");
            if (method.getName().equals("getClient")) {
                Object client = members.get("client");
                return client instanceof Map ? proxy(type, members((Map<?, ?>) client)) : null;
            }
            String asked = method.getName().substring(3).toLowerCase(java.util.Locale.ROOT);
            for (Map.Entry<?, ?> member : members.entrySet()) {
                String name = String.valueOf(member.getKey()).replace("_", "").toLowerCase(java.util.Locale.ROOT);
                if (name.equals(asked)) return String.valueOf(member.getValue());
            }
            return null;
        };
    }

    private static Object basic(Object proxy, Method method, Object[] arguments) {
        switch (method.getName()) {
            case "toString":
                return "LambdaContext";
            case "hashCode":
                return System.identityHashCode(proxy);
            case "equals":
                return proxy == arguments[0];
            default:
                return null;
        }
    }
}

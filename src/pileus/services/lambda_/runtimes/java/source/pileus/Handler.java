package pileus;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.ParameterizedType;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Which method does a handler's name mean, and how is it called?
 *
 * `package.Class::method`, or `package.Class` with `handleRequest`: on streams, or on a value of any type, each with or
 * without the context. Of several methods the one with most parameters counts, then the one with a context.
 * Source: Lambda Developer Guide, "Define Lambda function handler in Java".
 */
final class Handler {
    private static final String CONTEXT = "com.amazonaws.services.lambda.runtime.Context";

    private final Object instance;
    private final Method method;
    private final Map<TypeVariable<?>, Type> known = new HashMap<>();

    private Handler(Object instance, Method method) {
        this.instance = instance;
        this.method = method;
        learn(method.getDeclaringClass());
        if (instance != null) learn(instance.getClass());
    }

    static Handler named(String name) throws Throwable {
        String[] parts = name.split("::", 2);
        Class<?> type;
        try {
            type = Class.forName(parts[0], true, Thread.currentThread().getContextClassLoader());
        } catch (ClassNotFoundException absent) {
            throw new ClassNotFoundException("Class not found: " + parts[0], absent);
        }
        String wanted = parts.length > 1 ? parts[1] : "handleRequest";
        Method found = null;
        for (Method method : type.getMethods()) {
            if (method.getName().equals(wanted) && !method.isBridge() && fits(method) && better(method, found)) found = method;
        }
        if (found == null) {
            String why = "No public method named " + wanted + " with appropriate method signature found on class " + type.getName();
            throw new NoSuchMethodException(why);
        }
        found.setAccessible(true);
        return new Handler(Modifier.isStatic(found.getModifiers()) ? null : make(type), found);
    }

    private static Object make(Class<?> type) throws Throwable {
        Constructor<?> constructor;
        try {
            constructor = type.getConstructor();
        } catch (NoSuchMethodException none) {
            throw new NoSuchMethodException("Class " + type.getName() + " has no public zero-argument constructor");
        }
        try {
            return constructor.newInstance();
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private static boolean fits(Method method) {
        Class<?>[] types = method.getParameterTypes();
        if (isStream(types)) return types.length == 2 || types.length == 3 && isContext(types[2]);
        return types.length < 2 || types.length == 2 && isContext(types[1]);
    }

    private static boolean isStream(Class<?>[] types) {
        return types.length >= 2 && types[0] == InputStream.class && types[1] == OutputStream.class;
    }

    private static boolean isContext(Class<?> type) {
        return type.getName().equals(CONTEXT);
    }

    private static boolean better(Method method, Method than) {
        if (than == null) return true;
        if (method.getParameterCount() != than.getParameterCount()) return method.getParameterCount() > than.getParameterCount();
        // The more exact of two declarations: an interface's own says Object.
        return than.getParameterCount() > 0 && than.getParameterTypes()[0] == Object.class;
    }

    /** The types that stand for variables: `class Mine extends Base<Order, Receipt>`. */
    private void learn(Class<?> type) {
        if (type == null || type == Object.class) return;
        learn(type.getGenericSuperclass());
        for (Type each : type.getGenericInterfaces()) learn(each);
        learn(type.getSuperclass());
    }

    private void learn(Type type) {
        if (!(type instanceof ParameterizedType)) return;
        ParameterizedType parameterized = (ParameterizedType) type;
        TypeVariable<?>[] variables = ((Class<?>) parameterized.getRawType()).getTypeParameters();
        for (int n = 0; n < variables.length; n++) {
            Type argument = parameterized.getActualTypeArguments()[n];
            known.putIfAbsent(variables[n], argument instanceof TypeVariable ? known.getOrDefault(argument, Object.class) : argument);
        }
    }

    /** The answer to one event; throws what the function throws. */
    byte[] handle(byte[] payload, String[] meta, Channel channel) throws Throwable {
        Class<?>[] types = method.getParameterTypes();
        Object[] arguments = new Object[types.length];
        boolean streams = isStream(types);
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        for (int n = 0; n < types.length; n++) {
            if (isContext(types[n])) arguments[n] = LambdaContext.of(types[n], meta, channel);
            else if (streams) arguments[n] = n == 0 ? new ByteArrayInputStream(payload) : written;
            else arguments[n] = event(payload, method.getGenericParameterTypes()[n]);
        }
        Object answer;
        try {
            answer = method.invoke(instance, arguments);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
        return streams ? written.toByteArray() : Writer.write(answer).getBytes(StandardCharsets.UTF_8);
    }

    private Object event(byte[] payload, Type type) {
        try {
            return Binder.bind(Json.parse(new String(payload, StandardCharsets.UTF_8)), type, known);
        } catch (RuntimeException wrong) {
            throw new RuntimeException("An error occurred during JSON parsing", wrong);
        }
    }
}

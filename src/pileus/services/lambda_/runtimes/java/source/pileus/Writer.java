package pileus;

import java.beans.Introspector;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which JSON does an object become?
 *
 * Beans by their getters and public fields, under the names of the bean convention; members that are null are left out,
 * as by AWS's runtime.
 */
final class Writer {
    private static final int DEPTH_MAX = 1000;

    private final StringBuilder out = new StringBuilder();
    private int depth;

    static String write(Object value) {
        Writer writer = new Writer();
        writer.value(value);
        return writer.out.toString();
    }

    private void value(Object value) {
        if (++depth > DEPTH_MAX) throw new IllegalArgumentException("Infinite recursion (StackOverflowError)");
        if (value == null || value instanceof Boolean) out.append(value);
        else if (value instanceof Number) number((Number) value);
        else if (value instanceof CharSequence || value instanceof Character) string(value.toString());
        else if (value instanceof Enum) string(((Enum<?>) value).name());
        else if (value instanceof Map) members((Map<?, ?>) value);
        else if (value instanceof Iterable) elements((Iterable<?>) value);
        else if (value instanceof Optional) value(((Optional<?>) value).orElse(null));
        else if (value instanceof byte[]) string(Base64.getEncoder().encodeToString((byte[]) value));
        else if (value instanceof ByteBuffer) string(base64((ByteBuffer) value));
        else if (value.getClass().isArray()) array(value);
        else if (value instanceof java.time.temporal.TemporalAccessor || value instanceof java.util.UUID) string(value.toString());
        else if (value instanceof java.net.URI || value instanceof java.net.URL) string(value.toString());
        else if (value instanceof java.util.Date) out.append(((java.util.Date) value).getTime());
        else if (value instanceof Class) string(((Class<?>) value).getName());
        else members(properties(value));
        depth--;
    }

    private void number(Number value) {
        String text = value.toString();
        if (text.equals("NaN") || text.endsWith("Infinity")) string(text);
        else out.append(text);
    }

    private static String base64(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }

    private void members(Map<?, ?> members) {
        out.append('{');
        boolean first = true;
        for (Map.Entry<?, ?> member : members.entrySet()) {
            if (member.getValue() == null) continue;
            if (!first) out.append(',');
            first = false;
            string(String.valueOf(member.getKey()));
            out.append(':');
            value(member.getValue());
        }
        out.append('}');
    }

    private void elements(Iterable<?> elements) {
        out.append('[');
        boolean first = true;
        for (Object element : elements) {
            if (!first) out.append(',');
            first = false;
            value(element);
        }
        out.append(']');
    }

    private void array(Object array) {
        out.append('[');
        for (int n = 0; n < Array.getLength(array); n++) {
            if (n > 0) out.append(',');
            value(Array.get(array, n));
        }
        out.append(']');
    }

    private void string(String text) {
        out.append('"');
        for (int at = 0; at < text.length(); at++) {
            char next = text.charAt(at);
            int known = "\b\f\n\r\t\"\\".indexOf(next);
            if (known >= 0) out.append('\\').append("bfnrt\"\\".charAt(known));
            else if (next < ' ') out.append(String.format("\\u%04X", (int) next));
            else out.append(next);
        }
        out.append('"');
    }

    private static Map<String, Object> properties(Object bean) {
        try {
            if (Records.is(bean.getClass())) return Records.read(bean);
            Map<String, Object> found = new LinkedHashMap<>();
            for (Field field : bean.getClass().getFields()) {
                if (!Modifier.isStatic(field.getModifiers())) found.put(field.getName(), field.get(bean));
            }
            for (Method method : bean.getClass().getMethods()) {
                String name = property(method);
                if (name == null) continue;
                method.setAccessible(true);
                found.put(name, method.invoke(bean));
            }
            return found;
        } catch (InvocationTargetException thrown) {
            throw new IllegalArgumentException(thrown.getCause());
        } catch (ReflectiveOperationException | RuntimeException refused) {
            throw new IllegalArgumentException("Cannot serialize an instance of " + bean.getClass().getName(), refused);
        }
    }

    private static String property(Method method) {
        if (method.getParameterCount() > 0 || Modifier.isStatic(method.getModifiers()) || method.isBridge()) return null;
        if (method.getDeclaringClass() == Object.class) return null;
        String name = method.getName();
        Class<?> type = method.getReturnType();
        if (name.startsWith("get") && name.length() > 3 && type != void.class) return Introspector.decapitalize(name.substring(3));
        if (name.startsWith("is") && name.length() > 2 && (type == boolean.class || type == Boolean.class)) {
            return Introspector.decapitalize(name.substring(2));
        }
        return null;
    }
}

package pileus;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.LinkedHashMap;
import java.util.Map;

/** What are the components of a record? By reflection throughout: Java 11 has no records, and compiles this as well. */
final class Records {
    private static final Method IS_RECORD = method(Class.class, "isRecord");
    private static final Method COMPONENTS = method(Class.class, "getRecordComponents");

    private Records() {}

    private static Method method(Class<?> type, String name) {
        try {
            return type.getMethod(name);
        } catch (NoSuchMethodException older) {
            return null;
        }
    }

    static boolean is(Class<?> type) {
        try {
            return IS_RECORD != null && (Boolean) IS_RECORD.invoke(type);
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The record of these members; null when `type` is no record. */
    static Object bind(Map<String, Object> members, Class<?> type, Map<TypeVariable<?>, Type> known) {
        if (!is(type)) return null;
        try {
            Object[] components = (Object[]) COMPONENTS.invoke(type);
            Class<?>[] types = new Class<?>[components.length];
            Object[] values = new Object[components.length];
            for (int n = 0; n < components.length; n++) {
                Object component = components[n];
                types[n] = (Class<?>) ask(component, "getType");
                values[n] = Binder.bind(members.get((String) ask(component, "getName")), (Type) ask(component, "getGenericType"), known);
            }
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (ReflectiveOperationException refused) {
            throw new IllegalArgumentException(String.valueOf(refused.getCause() == null ? refused : refused.getCause()), refused);
        }
    }

    static Map<String, Object> read(Object record) throws ReflectiveOperationException {
        Map<String, Object> members = new LinkedHashMap<>();
        for (Object component : (Object[]) COMPONENTS.invoke(record.getClass())) {
            Method accessor = (Method) ask(component, "getAccessor");
            accessor.setAccessible(true);
            members.put((String) ask(component, "getName"), accessor.invoke(record));
        }
        return members;
    }

    private static Object ask(Object component, String question) throws ReflectiveOperationException {
        return component.getClass().getMethod(question).invoke(component);
    }
}

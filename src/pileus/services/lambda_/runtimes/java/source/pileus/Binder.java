package pileus;

import java.beans.Introspector;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which object of a wanted type does a JSON value mean?
 *
 * Texts, numbers, truths, enums, Optional, collections, maps, arrays, bytes (Base64), Instant, records, and beans:
 * a constructor without parameters, setters or public fields, by name, or by the name without regard to case (events of
 * AWS begin members with capitals). What a bean does not know is ignored, as on AWS.
 */
final class Binder {
    private static final Map<Class<?>, Map<String, Property>> PROPERTIES = new ConcurrentHashMap<>();

    private Binder() {}

    static Object bind(Object value, Type type, Map<TypeVariable<?>, Type> known) {
        if (type instanceof Class) return toClass(value, (Class<?>) type);
        if (type instanceof ParameterizedType) return toParameterized(value, (ParameterizedType) type, known);
        if (type instanceof GenericArrayType) {
            Type element = ((GenericArrayType) type).getGenericComponentType();
            return toArray(value, raw(element, known), element, known);
        }
        if (type instanceof TypeVariable) {
            Type bound = known.get(type);
            return bound == null ? value : bind(value, bound, known);
        }
        if (type instanceof WildcardType) return bind(value, ((WildcardType) type).getUpperBounds()[0], known);
        return value;
    }

    private static Class<?> raw(Type type, Map<TypeVariable<?>, Type> known) {
        if (type instanceof Class) return (Class<?>) type;
        if (type instanceof ParameterizedType) return raw(((ParameterizedType) type).getRawType(), known);
        if (type instanceof TypeVariable && known.containsKey(type)) return raw(known.get(type), known);
        return Object.class;
    }

    private static Object toParameterized(Object value, ParameterizedType type, Map<TypeVariable<?>, Type> known) {
        Class<?> raw = (Class<?>) type.getRawType();
        Type[] arguments = type.getActualTypeArguments();
        if (raw == Optional.class) return Optional.ofNullable(bind(value, arguments[0], known));
        if (value == null) return null;
        if (Map.class.isAssignableFrom(raw)) return toMap(value, raw, arguments[0], arguments[1], known);
        if (Iterable.class.isAssignableFrom(raw)) return toCollection(value, raw, arguments[0], known);
        Map<TypeVariable<?>, Type> inner = new HashMap<>(known);
        TypeVariable<?>[] variables = raw.getTypeParameters();
        for (int n = 0; n < variables.length; n++) {
            Type argument = arguments[n];
            inner.put(variables[n], argument instanceof TypeVariable ? known.getOrDefault(argument, Object.class) : argument);
        }
        return toBean(value, raw, inner);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object toClass(Object value, Class<?> type) {
        if (type == Object.class) return value;
        if (value == null) return type.isPrimitive() ? Array.get(Array.newInstance(type, 1), 0) : null;
        if (type == String.class || type == CharSequence.class) return toText(value);
        if (type.isPrimitive() || Number.class.isAssignableFrom(type) || type == Boolean.class || type == Character.class) {
            return toScalar(value, type);
        }
        if (type.isEnum()) return toEnum(value, (Class<? extends Enum>) type);
        if (type == byte[].class) return Base64.getDecoder().decode((String) value);
        if (type == ByteBuffer.class) return ByteBuffer.wrap(Base64.getDecoder().decode((String) value));
        if (type.isArray()) return toArray(value, type.getComponentType(), type.getComponentType(), Map.of());
        if (Map.class.isAssignableFrom(type)) return toMap(value, type, Object.class, Object.class, Map.of());
        if (Collection.class.isAssignableFrom(type) || type == Iterable.class) {
            return toCollection(value, type, Object.class, Map.of());
        }
        if (type == Instant.class && value instanceof String) return Instant.parse((String) value);
        if (type.isInstance(value)) return value;
        return toBean(value, type, Map.of());
    }

    private static String toText(Object value) {
        if (value instanceof Map || value instanceof Collection) {
            throw new IllegalArgumentException("Cannot deserialize value of type `java.lang.String` from an object or array");
        }
        return value.toString();
    }

    private static Object toScalar(Object value, Class<?> type) {
        if (type == Boolean.class || type == boolean.class) return Boolean.parseBoolean(value.toString());
        if (type == Character.class || type == char.class) return value.toString().charAt(0);
        if (type == Number.class && value instanceof Number) return value;
        if (value instanceof Map || value instanceof Collection) {
            throw new IllegalArgumentException("Cannot deserialize value of type `" + type.getName() + "` from an object or array");
        }
        BigDecimal number = new BigDecimal(value.toString().trim());
        if (type == int.class || type == Integer.class) return number.intValue();
        if (type == long.class || type == Long.class) return number.longValue();
        if (type == double.class || type == Double.class) return number.doubleValue();
        if (type == float.class || type == Float.class) return number.floatValue();
        if (type == short.class || type == Short.class) return number.shortValue();
        if (type == byte.class || type == Byte.class) return number.byteValue();
        if (type == BigInteger.class) return number.toBigInteger();
        return number;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object toEnum(Object value, Class<? extends Enum> type) {
        try {
            return Enum.valueOf(type, value.toString());
        } catch (IllegalArgumentException unknown) {
            return null; // as AWS reads them
        }
    }

    private static List<?> elements(Object value) {
        return value instanceof List ? (List<?>) value : List.of(value);
    }

    private static Object toArray(Object value, Class<?> raw, Type element, Map<TypeVariable<?>, Type> known) {
        if (value == null) return null;
        List<?> elements = elements(value);
        Object array = Array.newInstance(raw, elements.size());
        for (int n = 0; n < elements.size(); n++) Array.set(array, n, bind(elements.get(n), element, known));
        return array;
    }

    @SuppressWarnings("unchecked")
    private static Object toCollection(Object value, Class<?> raw, Type element, Map<TypeVariable<?>, Type> known) {
        Collection<Object> made;
        if (raw.isInterface() || Modifier.isAbstract(raw.getModifiers())) {
            made = Set.class.isAssignableFrom(raw) ? new LinkedHashSet<>() : new ArrayList<>();
        } else {
            made = (Collection<Object>) make(raw);
        }
        for (Object each : elements(value)) made.add(bind(each, element, known));
        return made;
    }

    @SuppressWarnings("unchecked")
    private static Object toMap(Object value, Class<?> raw, Type key, Type element, Map<TypeVariable<?>, Type> known) {
        boolean open = raw.isInterface() || Modifier.isAbstract(raw.getModifiers());
        Map<Object, Object> made;
        if (open) made = java.util.SortedMap.class.isAssignableFrom(raw) ? new java.util.TreeMap<>() : new LinkedHashMap<>();
        else made = (Map<Object, Object>) make(raw);
        members(value, raw).forEach((name, each) -> made.put(bind(name, key, known), bind(each, element, known)));
        return made;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> members(Object value, Class<?> type) {
        if (value instanceof Map) return (Map<String, Object>) value;
        throw new IllegalArgumentException("Cannot deserialize value of type `" + type.getName() + "` from a text, number or array");
    }

    private static Object make(Class<?> type) {
        try {
            Constructor<?> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalArgumentException("Cannot construct instance of `" + type.getName() + "` (no Creators, like default constructor, exist)", impossible);
        }
    }

    private static Object toBean(Object value, Class<?> type, Map<TypeVariable<?>, Type> known) {
        if (value == null) return null;
        Map<String, Object> members = members(value, type);
        Object record = Records.bind(members, type, known);
        if (record != null) return record;
        Object bean = make(type);
        Map<String, Property> properties = PROPERTIES.computeIfAbsent(type, Binder::properties);
        members.forEach((name, each) -> {
            Property property = properties.get(name);
            if (property == null) property = properties.get(name.toLowerCase(java.util.Locale.ROOT));
            if (property != null) property.set(bean, bind(each, property.type, known));
        });
        return bean;
    }

    private static Map<String, Property> properties(Class<?> type) {
        Map<String, Property> found = new HashMap<>();
        for (Field field : type.getFields()) {
            if (!Modifier.isStatic(field.getModifiers())) add(found, field.getName(), new Property(field.getGenericType(), null, field));
        }
        for (Method method : type.getMethods()) {
            if (method.getName().startsWith("set") && method.getName().length() > 3 && method.getParameterCount() == 1 && !method.isBridge()) {
                String name = Introspector.decapitalize(method.getName().substring(3));
                add(found, name, new Property(method.getGenericParameterTypes()[0], method, null));
            }
        }
        return found;
    }

    private static void add(Map<String, Property> found, String name, Property property) {
        found.put(name, property);
        found.putIfAbsent(name.toLowerCase(java.util.Locale.ROOT), property);
    }

    private static final class Property {
        final Type type;
        private final Method setter;
        private final Field field;

        Property(Type type, Method setter, Field field) {
            this.type = type;
            this.setter = setter;
            this.field = field;
        }

        void set(Object bean, Object value) {
            try {
                if (setter != null) {
                    setter.setAccessible(true);
                    setter.invoke(bean, value);
                } else {
                    field.set(bean, value);
                }
            } catch (ReflectiveOperationException refused) {
                throw new IllegalArgumentException(String.valueOf(refused.getCause() == null ? refused : refused.getCause()), refused);
            }
        }
    }
}

package cadabra.lambda;

import java.lang.reflect.Array;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Makes values of the function's types out of JSON trees, as lenient as AWS's runtime is. */
final class Reader {
    private Reader() {}

    static Object read(Object json, Shape wanted) throws ReflectiveOperationException {
        Class<?> c = wanted.raw;

        if (c == Optional.class)
            return Optional.ofNullable(json == null ? null : read(json, wanted.element()));
        if (json == null)
            return zero(c);
        if (c == Object.class || c == java.io.Serializable.class)
            return plain(json);
        if (c.isArray() && c != byte[].class && c != char[].class)
            return readArray(json, wanted);
        if (Collection.class.isAssignableFrom(c) || c == Iterable.class)
            return readCollection(json, wanted);
        if (Map.class.isAssignableFrom(c))
            return readMap(json, wanted);
        if (json instanceof Map)
            return readBean((Map<?, ?>) json, wanted);
        if (json instanceof List)
            return readOnly((List<?>) json, wanted);
        return readScalar(json, c);
    }

    /** What a type has that was given nothing: null, 0 or false. */
    private static Object zero(Class<?> c) {
        return c.isPrimitive() ? Array.get(Array.newInstance(c, 1), 0) : null;
    }

    private static IllegalArgumentException mismatch(Object json, Class<?> wanted) {
        String kind = json instanceof Map ? "an object" : json instanceof List ? "an array" : "'" + json + "'";
        return new IllegalArgumentException("Cannot make a " + wanted.getName() + " of " + kind);
    }

    /** As untyped code wants it. */
    @SuppressWarnings("unchecked")
    private static Object plain(Object json) {
        if (json instanceof BigDecimal)
            return ((BigDecimal) json).doubleValue();
        if (json instanceof List)
            ((List<Object>) json).replaceAll(Reader::plain);
        else if (json instanceof Map)
            ((Map<String, Object>) json).replaceAll((name, value) -> plain(value));
        return json;
    }

    /** AWS: a list of one stands for the one, an empty list for null. */
    private static Object readOnly(List<?> json, Shape wanted) throws ReflectiveOperationException {
        if (json.isEmpty())
            return read(null, wanted);
        if (json.size() > 1 || json.get(0) instanceof List)
            throw mismatch(json, wanted.raw);
        return read(json.get(0), wanted);
    }

    /** AWS: a single value stands for a list of it. */
    private static List<?> items(Object json) {
        return json instanceof List ? (List<?>) json : List.of(json);
    }

    private static Object readArray(Object json, Shape wanted) throws ReflectiveOperationException {
        List<?> items = items(json);
        Shape element = wanted.element();
        Object array = Array.newInstance(wanted.raw.getComponentType(), items.size());
        for (int i = 0; i < items.size(); i++)
            Array.set(array, i, read(items.get(i), element));
        return array;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Collection<Object> newCollection(Class<?> c, Class<?> element) throws ReflectiveOperationException {
        if (EnumSet.class.isAssignableFrom(c))
            return (Collection) EnumSet.noneOf((Class) element);
        if (!c.isInterface() && !Modifier.isAbstract(c.getModifiers()))
            return (Collection<Object>) Bean.of(c).make();
        if (SortedSet.class.isAssignableFrom(c))
            return new TreeSet<>();
        if (c.isAssignableFrom(ArrayList.class))
            return new ArrayList<>();
        if (c.isAssignableFrom(HashSet.class))
            return new LinkedHashSet<>();
        if (c.isAssignableFrom(ArrayDeque.class))
            return new ArrayDeque<>();
        throw new IllegalArgumentException("Cannot make a " + c.getName());
    }

    private static Object readCollection(Object json, Shape wanted) throws ReflectiveOperationException {
        if (json.equals(""))
            return null;
        Shape element = wanted.as(Iterable.class).element();
        Collection<Object> made = newCollection(wanted.raw, element.raw);
        for (Object item : items(json))
            made.add(read(item, element));
        return made;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Map<Object, Object> newMap(Class<?> c, Class<?> key) throws ReflectiveOperationException {
        if (c == java.util.EnumMap.class)
            return new java.util.EnumMap((Class) key);
        if (!c.isInterface() && !Modifier.isAbstract(c.getModifiers()))
            return (Map<Object, Object>) Bean.of(c).make();
        if (ConcurrentMap.class.isAssignableFrom(c))
            return new ConcurrentHashMap<>();
        return SortedMap.class.isAssignableFrom(c) ? new TreeMap<>() : new LinkedHashMap<>();
    }

    private static Object readMap(Object json, Shape wanted) throws ReflectiveOperationException {
        if (json.equals("") || json instanceof List && ((List<?>) json).isEmpty())
            return null;
        if (json instanceof List)
            return readOnly((List<?>) json, wanted);
        if (!(json instanceof Map))
            throw mismatch(json, wanted.raw);
        Shape map = wanted.as(Map.class);
        Shape key = map.argument(0);
        Shape value = map.argument(1);
        Map<Object, Object> made = newMap(wanted.raw, key.raw);
        for (Map.Entry<?, ?> e : ((Map<?, ?>) json).entrySet())
            made.put(read(e.getKey(), key), read(e.getValue(), value));
        return made;
    }

    private static Object readBean(Map<?, ?> json, Shape wanted) throws ReflectiveOperationException {
        Class<?> c = wanted.raw;
        if (c.isPrimitive() || c.isEnum() || c == String.class || Number.class.isAssignableFrom(c)
            || c == Boolean.class || c == Character.class)
            throw mismatch(json, c);
        if (Events.isFinal(c))
            return Events.makeFinal(wanted, json);
        Bean bean = Bean.of(c);
        Object made = bean.make();
        for (Map.Entry<?, ?> e : json.entrySet()) {
            Bean.Property p = bean.find((String) e.getKey());
            if (p == null || !p.isWritable())
                continue;
            Shape shape = p.writeShape(wanted);
            boolean seconds = shape.raw == Date.class && e.getValue() instanceof Number && Events.isEvent(c);
            p.set(made, seconds ? dateOf((Number) e.getValue()) : read(e.getValue(), shape));
        }
        return made;
    }

    /** AWS: dates in events are seconds. */
    private static Date dateOf(Number seconds) {
        return new Date((long) (seconds.doubleValue() * 1000));
    }

    private static Object readScalar(Object json, Class<?> c) throws ReflectiveOperationException {
        if (c == String.class || c == CharSequence.class)
            return json instanceof BigDecimal ? json.toString() : String.valueOf(json);
        if (c == boolean.class || c == Boolean.class)
            return readBoolean(json, c);
        if (c.isEnum())
            return readEnum(json, c);
        if (json.equals("") && c != byte[].class && c != ByteBuffer.class)
            return zero(c);
        if (c.isPrimitive() && c != char.class || Number.class.isAssignableFrom(c)) {
            Number number = readNumber(numberOf(json, c), c);
            if (number != null)
                return number;
        }
        if (json instanceof String)
            return readText((String) json, c);
        if (json instanceof Number && Times.isTime(c))
            return Times.read((Number) json, c);
        throw mismatch(json, c);
    }

    private static Object readBoolean(Object json, Class<?> c) {
        if (json instanceof Boolean)
            return json;
        if (json instanceof Integer)
            return (Integer) json != 0;
        String text = json.toString().trim();
        if (text.isEmpty())
            return c.isPrimitive() ? false : null;
        if (text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false"))
            return text.equalsIgnoreCase("true");
        throw mismatch(json, c);
    }

    /** AWS: unknown names are null. */
    private static Object readEnum(Object json, Class<?> c) {
        Object[] constants = c.getEnumConstants();
        if (json instanceof Integer) {
            int i = (Integer) json;
            return i >= 0 && i < constants.length ? constants[i] : null;
        }
        for (Object constant : constants) {
            if (((Enum<?>) constant).name().equals(json))
                return constant;
        }
        return null;
    }

    private static Number numberOf(Object json, Class<?> c) {
        if (json instanceof Number)
            return (Number) json;
        String text = json instanceof String ? ((String) json).trim() : null;
        if (text == null)
            throw mismatch(json, c);
        return text.isEmpty() ? 0 : new BigDecimal(text);
    }

    /** Null for a class of numbers that is not known here. */
    private static Number readNumber(Number n, Class<?> c) {
        if (c == double.class || c == Double.class)
            return n.doubleValue();
        if (c == float.class || c == Float.class)
            return n.floatValue();
        if (c == BigDecimal.class)
            return n instanceof BigDecimal ? n : new BigDecimal(n.toString());
        if (c == BigInteger.class)
            return n instanceof BigDecimal ? ((BigDecimal) n).toBigInteger() : new BigInteger(n.toString());
        if (c == Number.class)
            return n instanceof BigDecimal ? n.doubleValue() : n;
        long whole = n instanceof BigInteger ? ((BigInteger) n).longValueExact() : n.longValue();
        if (c == long.class || c == Long.class)
            return whole;
        if (c == java.util.concurrent.atomic.AtomicLong.class)
            return new java.util.concurrent.atomic.AtomicLong(whole);
        int small = Math.toIntExact(whole);
        if (c == int.class || c == Integer.class)
            return small;
        if (c == java.util.concurrent.atomic.AtomicInteger.class)
            return new java.util.concurrent.atomic.AtomicInteger(small);
        if ((c == short.class || c == Short.class) && small == (short) small)
            return (short) small;
        if ((c == byte.class || c == Byte.class) && small == (byte) small)
            return (byte) small;
        return null;
    }

    private static Object readText(String text, Class<?> c) throws ReflectiveOperationException {
        if (c == char.class || c == Character.class) {
            if (text.length() != 1)
                throw mismatch(text, c);
            return text.charAt(0);
        }
        if (c == char[].class)
            return text.toCharArray();
        if (c == byte[].class)
            return Base64.getDecoder().decode(text);
        if (c == ByteBuffer.class)
            return ByteBuffer.wrap(Base64.getDecoder().decode(text));
        if (c == UUID.class)
            return UUID.fromString(text);
        if (c == java.net.URI.class)
            return java.net.URI.create(text);
        if (c == java.util.Locale.class)
            return java.util.Locale.forLanguageTag(text.replace('_', '-'));
        if (c == java.util.Currency.class)
            return java.util.Currency.getInstance(text);
        if (Times.isTime(c))
            return Times.read(text, c);
        /* AWS: a class that can be made of text is. */
        try {
            return c.getConstructor(String.class).newInstance(text);
        } catch (NoSuchMethodException e) {
            throw mismatch(text, c);
        }
    }
}

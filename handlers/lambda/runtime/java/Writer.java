package cadabra.lambda;

import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Calendar;
import java.util.Date;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;

/** Writes values of the function's types as JSON. Properties that are null are left out, as AWS's runtime does. */
final class Writer {
    private static final int DEPTH_MAX = 1000;

    private final StringBuilder out = new StringBuilder();
    private int depth;

    private Writer() {}

    /** declared: what the function's signature says. AWS: beans are written as the class that stands there. */
    static String write(Object value, Shape declared) throws ReflectiveOperationException {
        Writer w = new Writer();
        w.value(value, declared);
        return w.out.toString();
    }

    /** Classes of the JDK that are their text. */
    private static boolean isText(Object value) {
        return value instanceof java.util.UUID || value instanceof java.net.URI || value instanceof java.net.URL
            || value instanceof java.util.Locale || value instanceof java.util.Currency
            || value instanceof java.util.concurrent.atomic.AtomicBoolean || value instanceof StringBuilder;
    }

    /** declared: null where only the value tells. */
    private void value(Object value, Shape declared) throws ReflectiveOperationException {
        if (value == null)
            out.append("null");
        else if (value instanceof CharSequence || value instanceof Character)
            Json.quote(out, value.toString());
        else if (value instanceof Number)
            number((Number) value);
        else if (value instanceof Boolean || value instanceof java.util.concurrent.atomic.AtomicBoolean)
            out.append(value);
        else if (value instanceof Enum)
            Json.quote(out, ((Enum<?>) value).name());
        else if (value instanceof Optional)
            value(((Optional<?>) value).orElse(null), null);
        else if (value instanceof byte[])
            Json.quote(out, Base64.getEncoder().encodeToString((byte[]) value));
        else if (value instanceof char[])
            Json.quote(out, new String((char[]) value));
        else if (value instanceof ByteBuffer)
            buffer(((ByteBuffer) value).duplicate());
        else if (Times.isTime(value.getClass()) || value instanceof Calendar)
            time(value);
        else if (isText(value))
            Json.quote(out, value.toString());
        else
            nested(value, declared);
    }

    private void nested(Object value, Shape declared) throws ReflectiveOperationException {
        if (++depth > DEPTH_MAX)
            throw new IllegalArgumentException("Nesting is deeper than " + DEPTH_MAX);
        if (value instanceof Map)
            map((Map<?, ?>) value, part(declared, Map.class, 1));
        else if (value instanceof Iterable)
            list(((Iterable<?>) value).iterator(), part(declared, Iterable.class, 0));
        else if (value.getClass().isArray())
            array(value);
        else
            bean(value, declared == null || declared.raw == Object.class ? value.getClass() : declared.raw);
        depth--;
    }

    /** What a declared type says of its elements; null: nothing. */
    private static Shape part(Shape declared, Class<?> as, int i) {
        Shape found = declared == null ? null : declared.as(as);
        return found == null ? null : found.argument(i);
    }

    private void number(Number n) {
        double d = n instanceof Double || n instanceof Float ? n.doubleValue() : 0;
        if (Double.isNaN(d) || Double.isInfinite(d))
            Json.quote(out, n.toString());
        else
            out.append(n);
    }

    private void buffer(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        Json.quote(out, Base64.getEncoder().encodeToString(copy));
    }

    private void time(Object value) {
        String json = Times.write(value);
        if (json != null)
            out.append(json);
        else
            Json.quote(out, value.toString());
    }

    /** AWS: null values are left out of maps, too. */
    private void map(Map<?, ?> map, Shape declared) throws ReflectiveOperationException {
        String comma = "";
        out.append('{');
        for (Map.Entry<?, ?> e : map.entrySet()) {
            if (e.getKey() == null)
                throw new IllegalArgumentException("A map has a null key");
            if (e.getValue() == null)
                continue;
            out.append(comma);
            Json.quote(out, e.getKey() instanceof Enum ? ((Enum<?>) e.getKey()).name() : e.getKey().toString());
            out.append(':');
            value(e.getValue(), declared);
            comma = ",";
        }
        out.append('}');
    }

    private void list(Iterator<?> items, Shape declared) throws ReflectiveOperationException {
        String comma = "";
        out.append('[');
        while (items.hasNext()) {
            out.append(comma);
            value(items.next(), declared);
            comma = ",";
        }
        out.append(']');
    }

    private void array(Object array) throws ReflectiveOperationException {
        out.append('[');
        for (int i = 0; i < Array.getLength(array); i++) {
            out.append(i > 0 ? "," : "");
            value(Array.get(array, i), null);
        }
        out.append(']');
    }

    private void bean(Object bean, Class<?> as) throws ReflectiveOperationException {
        String comma = "";
        out.append('{');
        for (Bean.Property p : Bean.of(as).properties()) {
            Object value = p.isReadable() ? read(p, bean) : null;
            if (value == null)
                continue;
            out.append(comma);
            Json.quote(out, p.name);
            out.append(':');
            if (value instanceof Date && Events.isEvent(as))
                out.append(((Date) value).getTime() / 1000.0);
            else
                value(value, null);
            comma = ",";
        }
        out.append('}');
    }

    private static Object read(Bean.Property p, Object bean) throws ReflectiveOperationException {
        try {
            return p.get(bean);
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException("Cannot read the property " + p.name, e.getCause());
        }
    }
}

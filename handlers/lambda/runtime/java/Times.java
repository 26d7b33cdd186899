package cadabra.lambda;

import java.lang.reflect.InvocationTargetException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Calendar;
import java.util.Date;

/** Dates and times, of the JDK and of Joda, which AWS's events use. */
final class Times {
    private Times() {}

    static boolean isTime(Class<?> c) {
        return c == Date.class || c == Calendar.class || c.getName().startsWith("java.time.") || isJoda(c);
    }

    private static boolean isJoda(Class<?> c) {
        return c.getName().endsWith("org.joda.time.DateTime");
    }

    private static Instant instantOf(String text) {
        /* With any offset: Z, +01:00, +0100; without a time: midnight; without an offset: UTC. */
        if (text.length() == 10)
            return LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
        String colon = text.replaceFirst("([+-]\\d\\d)(\\d\\d)$", "$1:$2");
        boolean zoned = colon.matches(".*(Z|[+-]\\d\\d:\\d\\d)$");
        return OffsetDateTime.parse(zoned ? colon : colon + "Z").toInstant();
    }

    static Object read(String text, Class<?> c) throws ReflectiveOperationException {
        if (c == Date.class)
            return Date.from(instantOf(text));
        if (c == Calendar.class) {
            Calendar made = Calendar.getInstance(java.util.TimeZone.getTimeZone("UTC"));
            made.setTimeInMillis(instantOf(text).toEpochMilli());
            return made;
        }
        if (c == Instant.class)
            return instantOf(text);
        try {
            /* Of all of them the shape in ISO 8601. */
            return isZone(c) ? c.getMethod("of", String.class).invoke(null, text) : parse(text, c);
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException(e.getCause());
        }
    }

    private static boolean isZone(Class<?> c) {
        return java.time.ZoneId.class.isAssignableFrom(c);
    }

    private static Object parse(String text, Class<?> c) throws ReflectiveOperationException {
        try {
            return c.getMethod("parse", String.class).invoke(null, text);
        } catch (NoSuchMethodException e) {
            return c.getMethod("parse", CharSequence.class).invoke(null, text);
        }
    }

    static Object read(Number number, Class<?> c) throws ReflectiveOperationException {
        if (c == Date.class)
            return new Date(number.longValue());
        if (c == Calendar.class || isJoda(c))
            return read(Instant.ofEpochMilli(number.longValue()).toString(), c);
        BigDecimal seconds = new BigDecimal(number.toString());
        long whole = seconds.longValue();
        long nanos = seconds.subtract(BigDecimal.valueOf(whole)).movePointRight(9).longValue();
        if (c == Duration.class)
            return Duration.ofSeconds(whole, nanos);
        Instant instant = Instant.ofEpochSecond(whole, nanos);
        if (c == Instant.class)
            return instant;
        if (c == ZonedDateTime.class)
            return instant.atZone(ZoneOffset.UTC);
        if (c == OffsetDateTime.class)
            return instant.atOffset(ZoneOffset.UTC);
        if (c == LocalDate.class)
            return LocalDate.ofEpochDay(whole);
        if (c == java.time.Year.class)
            return java.time.Year.of((int) whole);
        throw new IllegalArgumentException("Cannot make a " + c.getName() + " of " + number);
    }

    private static String seconds(long whole, int nanos) {
        return whole + "." + String.format("%09d", nanos);
    }

    private static String fields(LocalTime t) {
        String text = t.getHour() + "," + t.getMinute();
        if (t.getSecond() > 0 || t.getNano() > 0)
            text += "," + t.getSecond();
        return t.getNano() > 0 ? text + "," + t.getNano() : text;
    }

    private static String fields(LocalDate d) {
        return d.getYear() + "," + d.getMonthValue() + "," + d.getDayOfMonth();
    }

    /** As JSON; null for what is written as text. AWS: seconds, or lists of the fields. */
    static String write(Object time) {
        if (time instanceof Date)
            return Long.toString(((Date) time).getTime());
        if (time instanceof Calendar)
            return Long.toString(((Calendar) time).getTimeInMillis());
        if (time instanceof Instant)
            return seconds(((Instant) time).getEpochSecond(), ((Instant) time).getNano());
        if (time instanceof ZonedDateTime)
            return write(((ZonedDateTime) time).toInstant());
        if (time instanceof OffsetDateTime)
            return write(((OffsetDateTime) time).toInstant());
        if (time instanceof Duration)
            return seconds(((Duration) time).getSeconds(), ((Duration) time).getNano());
        if (time instanceof LocalDate)
            return "[" + fields((LocalDate) time) + "]";
        if (time instanceof LocalTime)
            return "[" + fields((LocalTime) time) + "]";
        if (time instanceof LocalDateTime)
            return "[" + fields(((LocalDateTime) time).toLocalDate()) + ","
                + fields(((LocalDateTime) time).toLocalTime()) + "]";
        return time instanceof java.time.Year ? time.toString() : null;
    }
}

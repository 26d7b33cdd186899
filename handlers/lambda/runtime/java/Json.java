package cadabra.lambda;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON text as a tree: LinkedHashMap, ArrayList, String, Boolean, null, Integer, Long or BigInteger for whole numbers,
 * BigDecimal for others, because the type that they are wanted in is known only later.
 */
final class Json {
    private static final int DEPTH_MAX = 1000;

    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    static Object parse(String text) {
        Json parser = new Json(text);
        Object value = parser.value();
        parser.skipSpace();
        if (parser.at < text.length())
            throw parser.unexpected();
        return value;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> parseObject(String text) {
        Object value = parse(text);
        return value instanceof Map ? (Map<String, Object>) value : Map.of();
    }

    private IllegalArgumentException unexpected() {
        String found = at < text.length() ? "character '" + text.charAt(at) + "'" : "end of input";
        return new IllegalArgumentException("Unexpected " + found + " at offset " + at);
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0)
            at++;
    }

    private char peek() {
        skipSpace();
        if (at >= text.length())
            throw unexpected();
        return text.charAt(at);
    }

    private void expect(char c) {
        if (peek() != c)
            throw unexpected();
        at++;
    }

    private boolean take(char c) {
        if (peek() != c)
            return false;
        at++;
        return true;
    }

    private Object value() {
        switch (peek()) {
        case '{':
            return object();
        case '[':
            return array();
        case '"':
            return string();
        case 't':
            return word("true", Boolean.TRUE);
        case 'f':
            return word("false", Boolean.FALSE);
        case 'n':
            return word("null", null);
        default:
            return number();
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at))
            throw unexpected();
        at += word.length();
        return value;
    }

    private void enter(char open) {
        expect(open);
        if (++depth > DEPTH_MAX)
            throw new IllegalArgumentException("Nesting is deeper than " + DEPTH_MAX);
    }

    private Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        enter('{');
        if (!take('}')) {
            do {
                if (peek() != '"')
                    throw unexpected();
                String name = string();
                expect(':');
                object.put(name, value());
            } while (take(','));
            expect('}');
        }
        depth--;
        return object;
    }

    private List<Object> array() {
        List<Object> array = new ArrayList<>();
        enter('[');
        if (!take(']')) {
            do
                array.add(value());
            while (take(','));
            expect(']');
        }
        depth--;
        return array;
    }

    private String string() {
        int start = ++at;
        while (at < text.length() && text.charAt(at) != '"' && text.charAt(at) != '\\')
            at++;
        StringBuilder out = new StringBuilder().append(text, start, at);
        while (at < text.length() && text.charAt(at) != '"') {
            char c = text.charAt(at++);
            out.append(c == '\\' ? escaped() : c);
        }
        if (at >= text.length())
            throw unexpected();
        at++;
        return out.toString();
    }

    private char escaped() {
        if (at >= text.length())
            throw unexpected();
        char c = text.charAt(at++);
        int plain = "bfnrt".indexOf(c);
        if (plain >= 0)
            return "\b\f\n\r\t".charAt(plain);
        if (c != 'u')
            return c;
        if (at + 4 > text.length())
            throw unexpected();
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }

    private Number number() {
        int start = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0)
            at++;
        String digits = text.substring(start, at);
        try {
            if (digits.indexOf('.') >= 0 || digits.indexOf('e') >= 0 || digits.indexOf('E') >= 0)
                return new BigDecimal(digits);
            if (digits.length() > 18)
                return whole(new BigInteger(digits));
            long number = Long.parseLong(digits);
            return number == (int) number ? (Number) (int) number : (Number) number;
        } catch (NumberFormatException e) {
            at = start;
            throw unexpected();
        }
    }

    private static Number whole(BigInteger number) {
        return number.bitLength() < 64 ? (Number) number.longValue() : (Number) number;
    }

    /** Appends text as a JSON string. */
    static void quote(StringBuilder out, CharSequence text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int plain = "\b\f\n\r\t\"\\".indexOf(c);
            if (plain >= 0)
                out.append('\\').append("bfnrt\"\\".charAt(plain));
            else if (c < ' ')
                out.append(String.format("\\u%04X", (int) c));
            else
                out.append(c);
        }
        out.append('"');
    }
}

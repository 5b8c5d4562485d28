package pileus;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What value does a JSON text mean?
 *
 * Objects are LinkedHashMap, arrays ArrayList, numbers Integer, Long, BigInteger or Double, as Jackson reads them when
 * nobody says what they should be.
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
        Json json = new Json(text);
        Object value = json.value();
        json.space();
        if (json.at != text.length()) throw json.wrong();
        return value;
    }

    private IllegalArgumentException wrong() {
        return new IllegalArgumentException("Unexpected JSON at character " + at);
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    private boolean taken(char wanted) {
        space();
        if (at >= text.length() || text.charAt(at) != wanted) return false;
        at++;
        return true;
    }

    private void expect(char wanted) {
        if (!taken(wanted)) throw wrong();
    }

    private Object value() {
        space();
        if (at >= text.length()) throw wrong();
        switch (text.charAt(at)) {
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
        if (!text.startsWith(word, at)) throw wrong();
        at += word.length();
        return value;
    }

    private Map<String, Object> object() {
        if (++depth > DEPTH_MAX) throw wrong();
        Map<String, Object> members = new LinkedHashMap<>();
        expect('{');
        if (!taken('}')) {
            do {
                space();
                String name = string();
                expect(':');
                members.put(name, value());
            } while (taken(','));
            expect('}');
        }
        depth--;
        return members;
    }

    private List<Object> array() {
        if (++depth > DEPTH_MAX) throw wrong();
        List<Object> elements = new ArrayList<>();
        expect('[');
        if (!taken(']')) {
            do elements.add(value());
            while (taken(','));
            expect(']');
        }
        depth--;
        return elements;
    }

    private String string() {
        expect('"');
        int end = at;
        while (end < text.length() && text.charAt(end) != '"' && text.charAt(end) != '\\') end++;
        StringBuilder read = new StringBuilder(text.substring(at, end));
        at = end;
        while (at < text.length()) {
            char next = text.charAt(at++);
            if (next == '"') return read.toString();
            read.append(next == '\\' ? escape() : next);
        }
        throw wrong();
    }

    private char escape() {
        if (at >= text.length()) throw wrong();
        char kind = text.charAt(at++);
        int known = "bfnrt".indexOf(kind);
        if (known >= 0) return "\b\f\n\r\t".charAt(known);
        if (kind != 'u') return kind;
        if (at + 4 > text.length()) throw wrong();
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }

    private Number number() {
        int start = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
        String digits = text.substring(start, at);
        if (digits.isEmpty()) throw wrong();
        if (digits.matches("-?\\d+")) {
            BigInteger whole = new BigInteger(digits);
            if (whole.bitLength() < 32) return whole.intValue();
            return whole.bitLength() < 64 ? (Number) whole.longValue() : whole;
        }
        try {
            return new BigDecimal(digits).doubleValue();
        } catch (NumberFormatException none) {
            throw wrong();
        }
    }
}

package cadabra.lambda;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** What is wrong with a function itself: reported in place of an exception of its own. */
final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final String OURS = Fault.class.getPackageName() + ".";

    /** The class of the exception behind it; null: none. */
    final String kind;
    final String trace;
    /** The function cannot go on: said while it starts, or ends the process. */
    final boolean fatal;

    Fault(String message) {
        this(message, null, false);
    }

    Fault(String message, Throwable cause, boolean fatal) {
        super(message, null, false, false);
        this.kind = cause == null ? null : cause.getClass().getName();
        this.trace = cause == null ? null : traceOf(cause);
        this.fatal = fatal;
    }

    static Fault of(Throwable t, boolean fatal) {
        return t instanceof Fault ? (Fault) t : new Fault(messageOf(t), t, fatal);
    }

    static String messageOf(Throwable t) {
        return t.getLocalizedMessage() == null ? t.getClass().getName() : t.getLocalizedMessage();
    }

    private static String traceOf(Throwable t) {
        StringWriter text = new StringWriter();
        trim(t);
        t.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    /** Takes the frames from ours on out of an exception, its causes and what they suppressed. */
    static <T extends Throwable> T trim(T t) {
        trim(t, Collections.newSetFromMap(new IdentityHashMap<>()));
        return t;
    }

    private static void trim(Throwable t, Set<Throwable> seen) {
        if (t == null || !seen.add(t))
            return;
        StackTraceElement[] frames = t.getStackTrace();
        int n = 0;
        while (n < frames.length && !frames[n].getClassName().startsWith(OURS))
            n++;
        if (n < frames.length) {
            /* Below a function's own method are those that we called it with. */
            while (n > 0 && isReflection(frames[n - 1].getClassName()))
                n--;
            t.setStackTrace(Arrays.copyOf(frames, n));
        }
        trim(t.getCause(), seen);
        for (Throwable suppressed : t.getSuppressed())
            trim(suppressed, seen);
    }

    private static boolean isReflection(String name) {
        return name.startsWith("jdk.internal.reflect.") || name.startsWith("java.lang.reflect.");
    }

    /** As the caller of the function shall see it. */
    static String describe(Throwable t) {
        StringBuilder out = new StringBuilder("{\"errorMessage\":");
        Json.quote(out, messageOf(t));
        String kind = t instanceof Fault ? ((Fault) t).kind : t.getClass().getName();
        if (kind != null) {
            out.append(",\"errorType\":");
            Json.quote(out, kind);
        }
        if (!(t instanceof Fault)) {
            String comma = "";
            out.append(",\"stackTrace\":[");
            for (StackTraceElement frame : t.getStackTrace()) {
                out.append(comma);
                Json.quote(out, frame.toString());
                comma = ",";
            }
            out.append(']');
        }
        return out.append('}').toString();
    }

    /** As the log shall have it. */
    static String explain(Throwable t) {
        Fault fault = of(t, false);
        if (fault.kind == null)
            return fault.getMessage() + "\n";
        return fault.getMessage() + ": " + fault.kind + "\n" + fault.trace + "\n";
    }
}

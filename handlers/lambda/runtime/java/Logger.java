package cadabra.lambda;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** The function's log: standard output, one event a line. */
final class Logger {
    static final String NO_LEVEL = "UNDEFINED";
    private static final List<String> LEVELS =
        List.of(NO_LEVEL, "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL");

    private final PrintStream out = System.out;
    private final boolean json = "JSON".equals(System.getenv("AWS_LAMBDA_LOG_FORMAT"));
    private final int least = Math.max(LEVELS.indexOf(String.valueOf(System.getenv("AWS_LAMBDA_LOG_LEVEL"))), 0);
    /** Of the event at hand; null between events. */
    volatile String requestId;

    private boolean isWanted(String level) {
        return level.equals(NO_LEVEL) || LEVELS.indexOf(level) >= least;
    }

    void log(String message, String level) {
        if (!isWanted(level))
            return;
        if (json)
            write(structured(message, level));
        else
            write((level.equals(NO_LEVEL) ? "" : "[" + level + "] ") + message);
    }

    /** AWS: bytes are not formatted. */
    void log(byte[] message, String level) {
        if (isWanted(level))
            write(message == null ? "null" : new String(message, StandardCharsets.UTF_8));
    }

    void error(String message) {
        log(message, json ? "ERROR" : NO_LEVEL);
    }

    private String structured(String message, String level) {
        StringBuilder line = new StringBuilder("{\"timestamp\":\"");
        line.append(Instant.now().truncatedTo(ChronoUnit.MILLIS)).append('"');
        if (message != null) {
            line.append(",\"message\":");
            Json.quote(line, message);
        }
        line.append(",\"level\":\"").append(level).append('"');
        if (requestId != null)
            line.append(",\"AWSRequestId\":\"").append(requestId).append('"');
        return line.append('}').toString();
    }

    /** Carriage returns keep a message of many lines one event. */
    private void write(String message) {
        String line = message.endsWith("\n") ? message.substring(0, message.length() - 1) : message;
        byte[] bytes = (line.replace('\n', '\r') + "\n").getBytes(StandardCharsets.UTF_8);
        out.write(bytes, 0, bytes.length);
        out.flush();
    }
}

package app;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public class Plain {
    public static class Text implements RequestHandler<String, String> {
        @Override
        public String handleRequest(String input, Context context) {
            return input == null ? null : input + "!";
        }
    }

    public static class Number implements RequestHandler<Integer, List<Integer>> {
        @Override
        public List<Integer> handleRequest(Integer input, Context context) {
            return List.of(input, 2);
        }
    }

    public static class Anything implements RequestHandler<Object, String> {
        @Override
        public String handleRequest(Object input, Context context) {
            return input.getClass().getName() + input;
        }
    }

    public abstract static class Base<I, O> implements RequestHandler<I, List<O>> {
        @Override
        public List<O> handleRequest(I input, Context context) {
            return List.of(work(input));
        }

        abstract O work(I input);
    }

    public static class Generic extends Base<Orders.Line, String> {
        @Override
        String work(Orders.Line line) {
            return line.getName();
        }
    }

    public static class Stream implements RequestStreamHandler {
        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
            output.write('[');
            input.transferTo(output);
            output.write(']');
        }
    }

    public static class Throws implements RequestHandler<Map<String, String>, String> {
        @Override
        public String handleRequest(Map<String, String> input, Context context) {
            throw new IllegalStateException("bad", new RuntimeException("inner"));
        }
    }

    public static class NoMessage implements RequestHandler<Map<String, String>, String> {
        @Override
        public String handleRequest(Map<String, String> input, Context context) {
            throw new NullPointerException();
        }
    }

    public static class NoConstructor {
        public NoConstructor(int value) {}

        public String go(String input) {
            return input;
        }
    }

    public static class BadConstructor {
        public BadConstructor() {
            throw new IllegalArgumentException("constructor");
        }

        public String go(String input) {
            return input;
        }
    }

    public static class BadStatic {
        private static final int VALUE = Integer.parseInt("x");

        public int go(String input) {
            return VALUE;
        }
    }

    public void nothing() {}

    public static int number(int input) {
        return input + 1;
    }

    public String overloaded(String input) {
        return "without one";
    }

    public String overloaded(String input, Context context) {
        return "with a context";
    }

    public void streams(InputStream input, OutputStream output) throws IOException {
        input.transferTo(output);
    }

    public List<Orders.Line> lines(List<Orders.Line> lines) {
        return lines;
    }

    public Map<Orders.State, Integer> constants(Map<Orders.State, Integer> map) {
        return map;
    }

    public void exhausted(Object input) {
        throw new OutOfMemoryError("made up");
    }

    public Map<String, Object> about(Map<String, String> input, Context context) {
        System.out.println("printed");
        context.getLogger().log("logged");
        context.getLogger().log("several\nlines");
        context.getLogger().log("fine", LogLevel.INFO);
        context.getLogger().log("careful", LogLevel.WARN);
        Map<String, Object> about = new HashMap<>();
        about.put("name", context.getFunctionName());
        about.put("version", context.getFunctionVersion());
        about.put("arn", context.getInvokedFunctionArn());
        about.put("memory", context.getMemoryLimitInMB());
        about.put("left", context.getRemainingTimeInMillis() > 0);
        about.put("group", context.getLogGroupName());
        about.put("id", context.getAwsRequestId());
        if (context.getClientContext() != null) {
            about.put("title", context.getClientContext().getClient().getAppTitle());
            about.put("custom", context.getClientContext().getCustom());
        }
        return about;
    }

    public Map<String, Object> options() {
        String collector = ManagementFactory.getGarbageCollectorMXBeans().get(0).getName();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getMax() >> 20;
        return Map.of("shop", System.getProperty("shop"), "heap", heap, "collector", collector);
    }
}

package cadabra.lambda;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** One persistent connection to the Runtime API. By hand: the JDK's HTTP clients take longer to load than all of this. */
final class RuntimeClient {
    private static final String API = "/2018-06-01/runtime";

    /** An event, or the answer to what we sent. Names of headers are in lower case. */
    static final class Message {
        int status;
        final Map<String, String> headers = new HashMap<>();
        byte[] body;
    }

    private final String host;
    private final InputStream in;
    private final OutputStream out;

    RuntimeClient(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        Socket socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        socket.setTcpNoDelay(true);
        host = address;
        in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
        out = socket.getOutputStream();
    }

    Message next() throws IOException {
        Message event = exchange("GET", "/invocation/next", "", new byte[0]);
        if (event.status != 200)
            throw new IOException("The Runtime API answered " + event.status);
        return event;
    }

    void respond(String id, byte[] body) throws IOException {
        exchange("POST", "/invocation/" + id + "/response", "Content-Type: application/json\r\n", body);
    }

    /** path: of an event, or /init. */
    void fail(String path, Throwable t) throws IOException {
        String kind = t instanceof Fault ? "Runtime.BadFunctionCode" : "Runtime.UserException";
        exchange("POST", path + "/error",
                 "Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: " + kind + "\r\n",
                 Fault.describe(t).getBytes(StandardCharsets.UTF_8));
    }

    private Message exchange(String method, String path, String headers, byte[] body) throws IOException {
        String head = method + " " + API + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers
            + (method.equals("GET") ? "" : "Content-Length: " + body.length + "\r\n") + "\r\n";
        byte[] start = head.getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = java.util.Arrays.copyOf(start, start.length + body.length);
        System.arraycopy(body, 0, all, start.length, body.length);
        out.write(all);
        out.flush();
        return read();
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0)
                throw new EOFException("The Runtime API has gone");
            if (c != '\r')
                line.append((char) c);
        }
        return line.toString();
    }

    private Message read() throws IOException {
        Message m = new Message();
        m.status = Integer.parseInt(line().split(" ")[1]);
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            String value = line.substring(colon + 1).trim();
            /* The bytes of a client context are UTF-8. */
            byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
            m.headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), new String(bytes, StandardCharsets.UTF_8));
        }
        m.body = in.readNBytes(Integer.parseInt(m.headers.getOrDefault("content-length", "0")));
        return m;
    }
}

package cadabra.lambda;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * One event and its answer without a server, by which the JVM learns what classes a start needs: it keeps them in an
 * archive from which later starts take them at once.
 */
public final class Rehearsal {
    private static final String EVENT = "{\"name\":\"x\",\"count\":1,\"price\":1.5,\"tags\":[\"a\"],\"more\":{\"a\":true}}";

    /** As functions have them. */
    public static final class Order {
        public String name;
        private int count;
        private List<String> tags;
        private Map<String, Object> more;

        public int getCount() {
            return count;
        }

        public void setCount(int count) {
            this.count = count;
        }

        public List<String> getTags() {
            return tags;
        }

        public void setTags(List<String> tags) {
            this.tags = tags;
        }

        public Map<String, Object> getMore() {
            return more;
        }

        public void setMore(Map<String, Object> more) {
            this.more = more;
        }
    }

    private Rehearsal() {}

    public static Order handle(Order order) {
        System.out.println("rehearsed");
        return order;
    }

    /** Stands in for the Runtime API, and ends the process after one answer. */
    static void start() throws IOException {
        ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
        Thread thread = new Thread(() -> serve(server));
        thread.setDaemon(true);
        thread.start();
        try {
            String address = "127.0.0.1:" + server.getLocalPort();
            Bootstrap.main(new String[] {"", address, Rehearsal.class.getName() + "::handle"});
        } catch (EOFException e) {
            System.exit(0);
        } catch (Exception e) {
            e.printStackTrace();
            System.exit(1);
        }
    }

    private static void serve(ServerSocket server) {
        try (Socket socket = server.accept()) {
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            byte[] request = new byte[1 << 16];
            if (in.read(request) < 0)
                return;
            String head = "HTTP/1.1 200 OK\r\nContent-Length: " + EVENT.length()
                + "\r\nLambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Trace-Id: 1\r\n\r\n";
            out.write((head + EVENT).getBytes(StandardCharsets.UTF_8));
            if (in.read(request) < 0)
                return;
            out.write("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            System.exit(1);
        }
    }
}

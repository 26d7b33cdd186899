package cadabra.lambda;

import java.io.File;
import java.io.IOError;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Runs a Java function behind the Lambda Runtime API.
 *
 * It loads the handler named by _HANDLER (package.Class or package.Class::method) from the function's package and its
 * layers, then asks for events and answers them one at a time, with the conversions and error shapes of AWS's runtime.
 */
public final class Bootstrap {
    private final RuntimeClient client;
    private final Logger logger = new Logger();

    private Bootstrap(RuntimeClient client) {
        this.client = client;
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("--rehearse"))
            Rehearsal.start();
        String address = arguments.length > 1 ? arguments[1] : System.getenv("AWS_LAMBDA_RUNTIME_API");
        String handler = arguments.length > 2 ? arguments[2] : System.getenv("_HANDLER");
        new Bootstrap(new RuntimeClient(address)).run(handler);
    }

    private void run(String name) throws IOException {
        String layers = System.getenv("LAMBDA_LAYERS_ROOT");
        ClassLoader loader = new URLClassLoader(
            classPath(System.getProperty("user.dir"), (layers == null ? "/opt" : layers) + "/java"),
            Bootstrap.class.getClassLoader());
        Thread.currentThread().setContextClassLoader(loader);
        Surroundings surroundings = new Surroundings(loader, logger);
        Handler handler = null;
        Fault problem = null;
        try {
            handler = Handler.load(name, loader, surroundings.contextType);
        } catch (Fault fault) {
            problem = fault;
        }
        if (problem != null && problem.fatal) {
            logger.error(Fault.explain(problem));
            client.fail("/init", problem);
            System.exit(1);
        }
        serve(handler, problem, surroundings);
    }

    /** AWS: the classes of the package, the jars in its lib, then those of the layers, each by name. */
    private static URL[] classPath(String task, String layers) throws MalformedURLException {
        List<URL> path = new ArrayList<>();
        path.add(new File(task).toURI().toURL());
        for (String folder : new String[] {task + "/lib", layers + "/lib"}) {
            File[] jars = new File(folder).listFiles((f, n) -> n.endsWith(".jar") && n.length() > 4);
            if (jars == null)
                continue;
            Arrays.sort(jars);
            for (File jar : jars)
                path.add(jar.toURI().toURL());
        }
        return path.toArray(new URL[0]);
    }

    /** AWS: a handler that is not there fails each event, not the start. */
    private void serve(Handler handler, Fault problem, Surroundings surroundings) throws IOException {
        boolean ended = false;
        while (!ended) {
            RuntimeClient.Message event = client.next();
            String id = event.headers.get("lambda-runtime-aws-request-id");
            String trace = event.headers.get("lambda-runtime-trace-id");
            if (trace == null)
                System.clearProperty("com.amazonaws.xray.traceHeader");
            else
                System.setProperty("com.amazonaws.xray.traceHeader", trace);
            logger.requestId = id;
            byte[] answer;
            try {
                if (problem != null)
                    throw problem;
                answer = handler.handle(event.body, surroundings.context(event.headers));
            } catch (Throwable t) {
                ended = fail(id, t);
                continue;
            }
            client.respond(id, answer);
            /* A thread that the function left interrupted is not. */
            Thread.interrupted();
        }
        System.exit(1);
    }

    /** Whether the process cannot go on after it. */
    private boolean fail(String id, Throwable t) throws IOException {
        String explained = Fault.explain(t);
        Fault.trim(t);
        logger.error(explained);
        client.fail("/invocation/" + id, t);
        return t instanceof VirtualMachineError || t instanceof IOError || t instanceof Fault && ((Fault) t).fatal;
    }
}

package cadabra.lambda;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceLoader;

/** A function's handler: a method, and how its arguments and its result are made of JSON. */
final class Handler {
    private final Method method;
    private final Object instance;
    /** In the order of the parameters. */
    private final Shape[] parameters;
    private final Shape result;
    private final Class<?> contextType;
    /** The function's own CustomPojoSerializer; null: none. */
    private final Object serializer;

    private Handler(Method method, Object instance, Shape[] parameters, Shape result, Class<?> contextType,
                    Object serializer) {
        this.method = method;
        this.instance = instance;
        this.parameters = parameters;
        this.result = result;
        this.contextType = contextType;
        this.serializer = serializer;
    }

    /** name: a class, or class::method. */
    static Handler load(String name, ClassLoader loader, Class<?> contextType) {
        int colons = name.lastIndexOf("::");
        String className = colons < 0 ? name : name.substring(0, colons);
        String methodName = colons < 0 ? null : name.substring(colons + 2);
        if (className.isEmpty() || methodName != null && methodName.isEmpty())
            throw new Fault("Invalid handler: `" + name + "'");
        Class<?> c = loadClass(className, loader);
        Object serializer = findSerializer(loader);
        try {
            return methodName == null ? ofInterface(c, loader, contextType, serializer)
                                      : ofMethod(c, methodName, contextType, serializer);
        } catch (Fault e) {
            throw e;
        } catch (NoClassDefFoundError e) {
            throw new Fault("Error loading method " + methodName + " on class " + className, e, false);
        } catch (Throwable t) {
            throw new Fault(Fault.messageOf(t), t, false);
        }
    }

    private static Class<?> loadClass(String name, ClassLoader loader) {
        try {
            return Class.forName(name, true, loader);
        } catch (ClassNotFoundException e) {
            throw new Fault("Class not found: " + name, e, false);
        } catch (Throwable t) {
            String why = t.getMessage() == null ? "" : ": " + t.getMessage();
            throw new Fault("Error loading class " + name + why, t, true);
        }
    }

    private static Object findSerializer(ClassLoader loader) {
        Class<?> type = Surroundings.find(loader, "CustomPojoSerializer");
        if (type == null)
            return null;
        Iterator<?> found = ServiceLoader.load(type, loader).iterator();
        Object serializer = found.hasNext() ? found.next() : null;
        if (found.hasNext())
            throw new Fault("Too many serializers provided inside the META-INF/services folder, only one is allowed");
        return serializer;
    }

    private static Object newInstance(Class<?> c) throws Exception {
        Constructor<?> constructor;
        try {
            constructor = c.getConstructor();
        } catch (NoSuchMethodException e) {
            if (c.getEnclosingClass() != null && !Modifier.isStatic(c.getModifiers()))
                throw new Exception("Class " + c.getName()
                                    + " cannot be instantiated because it is a non-static inner class");
            throw new Exception("Class " + c.getName() + " has no public zero-argument constructor", e);
        }
        try {
            return constructor.newInstance();
        } catch (InvocationTargetException e) {
            throw new Fault(Fault.messageOf(e.getCause()), e.getCause(), true);
        }
    }

    private static Handler ofInterface(Class<?> c, ClassLoader loader, Class<?> contextType, Object serializer)
        throws Exception {
        Class<?> stream = Surroundings.find(loader, "RequestStreamHandler");
        Class<?> plain = Surroundings.find(loader, "RequestHandler");
        if (stream != null && stream.isAssignableFrom(c)) {
            Shape[] parameters = {Shape.of(InputStream.class, null), Shape.of(OutputStream.class, null),
                                  Shape.of(contextType, null)};
            Method m = stream.getMethods()[0];
            return new Handler(m, newInstance(c), parameters, Shape.of(void.class, null), contextType, serializer);
        }
        if (plain == null || !plain.isAssignableFrom(c))
            throw new Fault("Class does not implement an appropriate handler interface: " + c.getName());
        Shape types = Shape.of(c, null).as(plain);
        if (!types.hasArguments())
            throw new Fault("Class " + c.getName() + " does not implement RequestHandler with concrete type parameters");
        Shape[] parameters = {types.argument(0), Shape.of(contextType, null)};
        return new Handler(plain.getMethods()[0], newInstance(c), parameters, types.argument(1), contextType,
                           serializer);
    }

    private static Handler ofMethod(Class<?> c, String name, Class<?> contextType, Object serializer) throws Exception {
        List<Method> methods = new ArrayList<>();
        for (Method m : c.getMethods()) {
            if (m.getName().equals(name))
                methods.add(m);
        }
        /* AWS: of many, one that was written, with most parameters; a context counts twice. */
        methods.sort(Comparator.comparing(Method::isBridge).thenComparing(m -> -weight(m, contextType)));
        for (Method m : methods) {
            String problem = problemOf(m.getParameterTypes(), contextType);
            if (problem == null)
                return ofMethod(c, m, contextType, serializer);
            System.err.println(problem);
        }
        throw new Fault("No public method named " + name + " with appropriate method signature found on class "
                        + c.getName());
    }

    private static int weight(Method m, Class<?> contextType) {
        int n = m.getParameterCount();
        return n > 0 && m.getParameterTypes()[n - 1] == contextType ? n + 1 : n;
    }

    /** Why a method cannot be a handler; null when it can. */
    private static String problemOf(Class<?>[] p, Class<?> contextType) {
        if (p.length < 2)
            return null;
        if (p.length > 3)
            return "Ignoring an overload of the handler because it has too many parameters: Expected at most 3, got "
                + p.length;
        boolean streams = p[0] == InputStream.class && p[1] == OutputStream.class;
        if (p.length == 3)
            return streams && p[2] == contextType ? null
                                                  : "Ignoring three-argument overload because argument signature is not "
                                                        + "(InputStream, OutputStream, Context";
        if (p[0] == contextType)
            return "Ignoring two-argument overload because first argument type is Context";
        return streams || p[1] == contextType
            ? null
            : "Ignoring two-argument overload because second parameter type is not Context";
    }

    private static Handler ofMethod(Class<?> c, Method m, Class<?> contextType, Object serializer) throws Exception {
        Shape owner = Shape.of(c, null).as(m.getDeclaringClass());
        Shape[] parameters =
            Arrays.stream(m.getGenericParameterTypes()).map(t -> Shape.of(t, owner)).toArray(Shape[]::new);
        Object instance = Modifier.isStatic(m.getModifiers()) ? null : newInstance(c);
        return new Handler(m, instance, parameters, Shape.of(m.getGenericReturnType(), owner), contextType, serializer);
    }

    private boolean has(Class<?> type) {
        return Arrays.stream(parameters).anyMatch(p -> p.raw == type);
    }

    /** The answer to an event. */
    byte[] handle(byte[] event, Object context) throws Throwable {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        boolean streams = has(InputStream.class) || has(OutputStream.class);
        Object[] arguments = new Object[parameters.length];
        for (int i = 0; i < arguments.length; i++)
            arguments[i] = argument(parameters[i], event, out, context);
        Object returned = call(arguments);
        if (has(OutputStream.class))
            return out.toByteArray();
        if (streams || result.raw == void.class || result.raw == Void.class)
            return "null".getBytes(StandardCharsets.UTF_8);
        return write(returned, out);
    }

    private Object argument(Shape wanted, byte[] event, OutputStream out, Object context) {
        if (wanted.raw == contextType)
            return context;
        if (wanted.raw == InputStream.class)
            return new ByteArrayInputStream(event);
        if (wanted.raw == OutputStream.class)
            return out;
        try {
            if (serializer != null)
                return call("fromJson", new ByteArrayInputStream(event), wanted.type);
            return Reader.read(Json.parse(new String(event, StandardCharsets.UTF_8)), wanted);
        } catch (Throwable t) {
            throw new RuntimeException("An error occurred during JSON parsing", Fault.trim(t));
        }
    }

    private Object call(Object[] arguments) throws Throwable {
        try {
            method.setAccessible(true);
            return method.invoke(instance, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private byte[] write(Object returned, ByteArrayOutputStream out) {
        try {
            if (serializer == null)
                return Writer.write(returned, result).getBytes(StandardCharsets.UTF_8);
            call("toJson", returned, out, result.type);
            return out.toByteArray();
        } catch (Throwable t) {
            throw new RuntimeException("An error occurred during JSON serialization of response", Fault.trim(t));
        }
    }

    /** A method of the function's own serializer. */
    private Object call(String name, Object... arguments) throws Throwable {
        for (Method m : serializer.getClass().getMethods()) {
            Class<?>[] types = m.getParameterTypes();
            boolean text = types.length > 0 && types[0] == String.class && name.equals("fromJson");
            if (!m.getName().equals(name) || types.length != arguments.length || text || m.isBridge())
                continue;
            try {
                m.setAccessible(true);
                return m.invoke(serializer, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }
        throw new NoSuchMethodException(name);
    }
}

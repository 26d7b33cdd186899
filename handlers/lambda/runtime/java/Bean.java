package cadabra.lambda;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The properties of a class: public getters and fields to read, setters and public fields to write, in the order of its
 * fields. AWS: its runtime reads no annotations of the function's, for its JSON library goes by another name.
 */
final class Bean {
    /** One property. What is null is not there. */
    static final class Property {
        String name;
        Method getter;
        Method setter;
        Field field;

        /** The type to write, of a bean whose own type is `bean`. */
        Shape writeShape(Shape bean) {
            Class<?> declaring = setter != null ? setter.getDeclaringClass() : field.getDeclaringClass();
            Type type = setter != null ? setter.getGenericParameterTypes()[0] : field.getGenericType();
            return Shape.of(type, bean.as(declaring));
        }

        boolean isWritable() {
            return setter != null || field != null;
        }

        boolean isReadable() {
            return getter != null || field != null;
        }

        void set(Object bean, Object value) throws ReflectiveOperationException {
            if (setter != null)
                setter.invoke(bean, value);
            else
                field.set(bean, value);
        }

        Object get(Object bean) throws ReflectiveOperationException {
            return getter != null ? getter.invoke(bean) : field.get(bean);
        }
    }

    private static final Map<Class<?>, Bean> KNOWN = new java.util.concurrent.ConcurrentHashMap<>();

    private final Class<?> type;
    private final Map<String, Property> properties = new LinkedHashMap<>();
    /** By names in lower case without hyphens; null unless the class is one of AWS's events. */
    private Map<String, Property> loose;

    private Bean(Class<?> type) {
        this.type = type;
        addFields();
        addMethods();
        if (Events.isEvent(type))
            nameAsEvents();
    }

    static Bean of(Class<?> type) {
        Bean bean = KNOWN.get(type);
        if (bean == null)
            KNOWN.put(type, bean = new Bean(type));
        return bean;
    }

    Collection<Property> properties() {
        return properties.values();
    }

    Property find(String name) {
        Property found = properties.get(name);
        return found == null && loose != null ? loose.get(Events.looseName(name)) : found;
    }

    Object make() throws ReflectiveOperationException {
        Constructor<?> constructor = type.getDeclaredConstructor();
        open(constructor);
        try {
            return constructor.newInstance();
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException(e.getCause());
        }
    }

    private static void open(AccessibleObject member) {
        try {
            member.setAccessible(true);
        } catch (RuntimeException e) {
            /* One of the JDK's own: what is public can be used all the same. */
        }
    }

    private Property slot(String name) {
        return properties.computeIfAbsent(name, n -> {
            Property p = new Property();
            p.name = n;
            return p;
        });
    }

    private Deque<Class<?>> lineage() {
        Deque<Class<?>> classes = new ArrayDeque<>();
        for (Class<?> c = type; c != null && c != Object.class; c = c.getSuperclass())
            classes.push(c);
        return classes;
    }

    private void addFields() {
        for (Class<?> c : lineage()) {
            for (Field f : c.getDeclaredFields()) {
                if (Modifier.isStatic(f.getModifiers()) || f.isSynthetic())
                    continue;
                Property p = slot(f.getName());
                if (Modifier.isPublic(f.getModifiers()) && !Modifier.isTransient(f.getModifiers())) {
                    open(f);
                    p.field = f;
                }
            }
        }
    }

    private void addMethods() {
        for (Method m : type.getMethods()) {
            String name = getterName(m);
            if (name != null) {
                open(m);
                slot(name).getter = m;
            }
        }
        /* AWS: a setter need not be public. */
        for (Class<?> c : lineage()) {
            for (Method m : c.getDeclaredMethods())
                addSetter(m);
        }
        properties.values().removeIf(p -> !p.isReadable() && !p.isWritable());
    }

    private static String getterName(Method m) {
        Class<?> result = m.getReturnType();
        if (Modifier.isStatic(m.getModifiers()) || m.getParameterCount() > 0 || m.isBridge()
            || m.getDeclaringClass() == Object.class || result == void.class)
            return null;
        if (m.getName().startsWith("is") && (result == boolean.class || result == Boolean.class))
            return propertyName(m.getName().substring(2));
        return m.getName().startsWith("get") ? propertyName(m.getName().substring(3)) : null;
    }

    private void addSetter(Method m) {
        if (!m.getName().startsWith("set") || m.getParameterCount() != 1 || m.isBridge()
            || Modifier.isStatic(m.getModifiers()))
            return;
        String name = propertyName(m.getName().substring(3));
        if (name == null)
            return;
        Property p = slot(name);
        boolean overridden = p.setter != null && p.setter.getParameterTypes()[0] == m.getParameterTypes()[0];
        /* Of several, the one that takes text, or what the getter gives. */
        if (p.setter == null || overridden || m.getParameterTypes()[0] == String.class
            || (p.getter != null && p.getter.getReturnType() == m.getParameterTypes()[0]
                && p.setter.getParameterTypes()[0] != String.class)) {
            open(m);
            p.setter = m;
        }
    }

    /** As java.beans has it: URL stays URL, Name becomes name. */
    private static String propertyName(String name) {
        if (name.isEmpty())
            return null;
        if (name.length() > 1 && Character.isUpperCase(name.charAt(0)) && Character.isUpperCase(name.charAt(1)))
            return name;
        return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
    }

    private void nameAsEvents() {
        loose = new LinkedHashMap<>();
        properties.remove("sizeAsLong"); /* a view of size */
        for (Property p : properties.values()) {
            loose.putIfAbsent(Events.looseName(p.name), p);
            p.name = Events.nameOf(type, p.name);
        }
    }
}

package cadabra.lambda;

import java.lang.reflect.Array;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;

/** A type without variables: a class, and what its type parameters stand for. */
final class Shape {
    static final Shape OBJECT = new Shape(Object.class, Object.class, new Shape[0]);

    /** As the function's own serializer wants it. */
    final Type type;
    final Class<?> raw;
    /** Empty for a class that is used raw, or has no parameters. */
    private final Shape[] arguments;

    private Shape(Type type, Class<?> raw, Shape[] arguments) {
        this.type = type;
        this.raw = raw;
        this.arguments = arguments;
    }

    /** owner tells what variables mean; null where there are none to know. */
    static Shape of(Type type, Shape owner) {
        if (type instanceof Class)
            return new Shape(type, (Class<?>) type, new Shape[0]);
        if (type instanceof ParameterizedType) {
            ParameterizedType p = (ParameterizedType) type;
            Type[] given = p.getActualTypeArguments();
            Shape[] shapes = new Shape[given.length];
            for (int i = 0; i < given.length; i++)
                shapes[i] = of(given[i], owner);
            return new Shape(type, (Class<?>) p.getRawType(), shapes);
        }
        if (type instanceof GenericArrayType) {
            Shape element = of(((GenericArrayType) type).getGenericComponentType(), owner);
            return new Shape(type, Array.newInstance(element.raw, 0).getClass(), new Shape[] {element});
        }
        if (type instanceof WildcardType)
            return of(((WildcardType) type).getUpperBounds()[0], owner);
        return ofVariable((TypeVariable<?>) type, owner);
    }

    private static Shape ofVariable(TypeVariable<?> variable, Shape owner) {
        if (owner != null) {
            TypeVariable<?>[] names = owner.raw.getTypeParameters();
            for (int i = 0; i < owner.arguments.length && i < names.length; i++) {
                if (names[i].equals(variable))
                    return owner.arguments[i];
            }
        }
        /* Its bound, without parameters: those may name the variable again. */
        Type bound = variable.getBounds()[0];
        if (bound instanceof ParameterizedType)
            bound = ((ParameterizedType) bound).getRawType();
        return bound instanceof Class ? of(bound, null) : ofVariable((TypeVariable<?>) bound, owner);
    }

    Shape argument(int i) {
        return i < arguments.length ? arguments[i] : OBJECT;
    }

    boolean hasArguments() {
        return arguments.length > 0;
    }

    Shape element() {
        return raw.isArray() && arguments.length == 0 ? of(raw.getComponentType(), null) : argument(0);
    }

    /** This type seen as one of its supertypes; null when that is none of them. */
    Shape as(Class<?> wanted) {
        if (raw == wanted)
            return this;
        if (!wanted.isAssignableFrom(raw))
            return null;
        for (Type parent : raw.getGenericInterfaces()) {
            Shape found = of(parent, this).as(wanted);
            if (found != null)
                return found;
        }
        Type parent = raw.getGenericSuperclass();
        return parent == null ? null : of(parent, this).as(wanted);
    }
}

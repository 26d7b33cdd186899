package cadabra.lambda;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The classes of aws-lambda-java-events, whose names differ from those in the JSON in spelling: they are matched without
 * regard to case and hyphens, and written as the services spell them.
 */
final class Events {
    private static final String[] PACKAGES = {"com.amazonaws.services.lambda.runtime.events.",
                                              "com.amazonaws.services.s3.event.",
                                              "com.amazonaws.services.dynamodbv2.model."};
    /** Names that differ in JSON, by the class, without its package. */
    private static final Map<String, String> SPELLED = Map.ofEntries(
        Map.entry("SQSEvent", "Records"), Map.entry("SQSEvent$SQSMessage", "eventSourceARN"),
        Map.entry("SNSEvent$SNSRecord", "Sns"), Map.entry("KinesisEvent", "Records"),
        Map.entry("KinesisTimeWindowEvent", "Records,eventSourceARN"), Map.entry("DynamodbEvent", "Records"),
        Map.entry("DynamodbTimeWindowEvent", "Records,eventSourceARN"), Map.entry("S3Event", "Records"),
        Map.entry("S3EventNotification", "Records"), Map.entry("CloudFrontEvent", "Records"),
        Map.entry("S3EventNotification$ResponseElementsEntity", "x-amz-id-2,x-amz-request-id"),
        Map.entry("CodeCommitEvent", "Records"), Map.entry("CodeCommitEvent$Record", "codecommit,eventSourceARN"),
        Map.entry("CloudWatchLogsEvent", "awslogs"), Map.entry("ScheduledEvent", "detail-type"));
    /** Classes whose names all begin with a capital letter, with those inside them. */
    private static final Set<String> CAPITAL =
        Set.of("SNSEvent", "ConnectEvent", "StreamRecord", "AttributeValue", "SecretsManagerRotationEvent",
               "CloudFormationCustomResourceEvent");

    private Events() {}

    static boolean isEvent(Class<?> type) {
        for (String p : PACKAGES) {
            if (type.getName().startsWith(p))
                return true;
        }
        return false;
    }

    /** Whether a class has neither setters nor a constructor without arguments, as those of S3 events. */
    static boolean isFinal(Class<?> type) {
        return isEvent(type) && (type.getName().contains("S3EventNotification") || type.getName().endsWith(".S3Event"));
    }

    static String looseName(String name) {
        return name.replace("-", "").toLowerCase(Locale.ROOT);
    }

    static String nameOf(Class<?> type, String property) {
        String name = type.getName().substring(type.getName().lastIndexOf('.') + 1);
        for (String spelled : SPELLED.getOrDefault(name, "").split(",")) {
            if (looseName(spelled).equals(looseName(property)))
                return spelled;
        }
        if (!CAPITAL.contains(name.split("\\$")[0]))
            return property;
        return property.substring(0, 1).toUpperCase(Locale.ROOT) + property.substring(1);
    }

    /** Makes an object of isFinal() by its fields. AWS: text that is missing is empty there. */
    static Object makeFinal(Shape shape, Map<?, ?> json) throws ReflectiveOperationException {
        Object made = sun.reflect.ReflectionFactory.getReflectionFactory()
                          .newConstructorForSerialization(shape.raw, Object.class.getDeclaredConstructor())
                          .newInstance();
        for (Class<?> c = shape.raw; c != Object.class; c = c.getSuperclass()) {
            for (Field f : c.getDeclaredFields()) {
                if (Modifier.isStatic(f.getModifiers()))
                    continue;
                Shape wanted = Shape.of(f.getGenericType(), null);
                f.setAccessible(true);
                f.set(made, Reader.read(member(json, f.getName(), wanted.raw), wanted));
            }
        }
        return made;
    }

    private static Object member(Map<?, ?> json, String name, Class<?> wanted) {
        for (Map.Entry<?, ?> e : json.entrySet()) {
            if (e.getValue() != null && looseName((String) e.getKey()).equals(looseName(name)))
                return e.getValue();
        }
        if (wanted == String.class)
            return "";
        if (wanted == Long.class)
            return 0L;
        return isFinal(wanted) ? Map.of() : null;
    }
}

package app;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import java.util.List;
import java.util.Map;

public class Queue implements RequestHandler<SQSEvent, Map<String, List<Map<String, String>>>> {
    @Override
    public Map<String, List<Map<String, String>>> handleRequest(SQSEvent event, Context context) {
        SQSEvent.SQSMessage m = event.getRecords().get(0);
        String text = m.getMessageId() + " " + m.getBody() + " " + m.getEventSourceArn() + " "
            + m.getMessageAttributes().get("k").getStringValue();
        return Map.of("batchItemFailures", List.of(Map.of("itemIdentifier", text)));
    }
}

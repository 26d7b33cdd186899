package com.amazonaws.services.lambda.runtime.events;

import java.util.List;
import java.util.Map;

/** Named and shaped as aws-lambda-java-events has it: the names are not those of the JSON. */
public class SQSEvent {
    private List<SQSMessage> records;

    public List<SQSMessage> getRecords() {
        return records;
    }

    public void setRecords(List<SQSMessage> records) {
        this.records = records;
    }

    public static class SQSMessage {
        private String messageId;
        private String body;
        private String eventSourceArn;
        private Map<String, MessageAttribute> messageAttributes;

        public String getMessageId() {
            return messageId;
        }

        public void setMessageId(String messageId) {
            this.messageId = messageId;
        }

        public String getBody() {
            return body;
        }

        public void setBody(String body) {
            this.body = body;
        }

        public String getEventSourceArn() {
            return eventSourceArn;
        }

        public void setEventSourceArn(String eventSourceArn) {
            this.eventSourceArn = eventSourceArn;
        }

        public Map<String, MessageAttribute> getMessageAttributes() {
            return messageAttributes;
        }

        public void setMessageAttributes(Map<String, MessageAttribute> messageAttributes) {
            this.messageAttributes = messageAttributes;
        }
    }

    public static class MessageAttribute {
        private String stringValue;

        public String getStringValue() {
            return stringValue;
        }

        public void setStringValue(String stringValue) {
            this.stringValue = stringValue;
        }
    }
}

package app;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;

public class Orders {
    public enum State { NEW, SENT }

    public static class Line {
        private String name;
        private int count;

        public String getName() {
            return name;
        }

        public void setName(String name) {
            this.name = name;
        }

        public int getCount() {
            return count;
        }

        public void setCount(int count) {
            this.count = count;
        }
    }

    public static class Order {
        public double total;
        public State state;
        public Date when;
        public Instant at;
        public Long big;
        public byte[] raw;
        private int id;
        private boolean paid;
        private Set<String> tags;
        private List<Line> lines;
        private Map<String, Line> byName;
        private String url;
        private String hidden = "a field that is private";

        public int getId() {
            return id;
        }

        public void setId(int id) {
            this.id = id;
        }

        public boolean isPaid() {
            return paid;
        }

        public void setPaid(boolean paid) {
            this.paid = paid;
        }

        public Set<String> getTags() {
            return tags;
        }

        public void setTags(Set<String> tags) {
            this.tags = tags;
        }

        public List<Line> getLines() {
            return lines;
        }

        public void setLines(List<Line> lines) {
            this.lines = lines;
        }

        public Map<String, Line> getByName() {
            return byName;
        }

        void setByName(Map<String, Line> byName) {
            this.byName = byName;
        }

        public String getURL() {
            return url;
        }

        public void setURL(String url) {
            this.url = url;
        }
    }

    public static class Echo implements RequestHandler<Order, Order> {
        @Override
        public Order handleRequest(Order order, Context context) {
            return order;
        }
    }
}

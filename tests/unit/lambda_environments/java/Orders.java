package shop;

import com.amazonaws.services.lambda.runtime.*;
import java.io.*;
import java.util.*;

public class Orders implements RequestHandler<Orders.Order, Orders.Receipt> {
    public enum Kind { GIFT, PLAIN }

    public static class Item {
        private String name; private int count; private Kind kind;
        public String getName() { return name; } public void setName(String name) { this.name = name; }
        public int getCount() { return count; } public void setCount(int count) { this.count = count; }
        public Kind getKind() { return kind; } public void setKind(Kind kind) { this.kind = kind; }
    }

    public static class Order {
        private String id; private List<Item> items; public Map<String, Long> notes; private double weight;
        public String getId() { return id; } public void setId(String id) { this.id = id; }
        public List<Item> getItems() { return items; } public void setItems(List<Item> items) { this.items = items; }
        public void setWeight(double weight) { this.weight = weight; } public double getWeight() { return weight; }
    }

    public static class Receipt {
        private final Order order; private final int total; private final Context context;
        Receipt(Order order, int total, Context context) { this.order = order; this.total = total; this.context = context; }
        public Order getOrder() { return order; }
        public int getTotal() { return total; }
        public boolean isPaid() { return true; }
        public String getNothing() { return null; }
        public String getFunction() { return context.getFunctionName(); }
        public int getMemory() { return context.getMemoryLimitInMB(); }
        public String getCustom() { return context.getClientContext() == null ? null : context.getClientContext().getCustom().get("a"); }
    }

    @Override
    public Receipt handleRequest(Order order, Context context) {
        context.getLogger().log("two\nlines\n");
        System.out.println("printed");
        int total = 0;
        for (Item item : order.getItems()) total += item.getCount();
        return new Receipt(order, total, context);
    }

    public Map<String, Object> maps(Map<String, Object> event, Context context) {
        event.put("remaining", context.getRemainingTimeInMillis() > 0);
        event.put("id", context.getAwsRequestId());
        return event;
    }

    public static String text(String event) { return event + "!"; }
    public int number(Integer event) { return event + 1; }
    public List<String> list(List<Integer> event) { List<String> out = new ArrayList<>(); for (Integer n : event) out.add("n" + n); return out; }
    public void nothing() {}
    public String fails(Object event) { throw new IllegalStateException("on purpose", new IOException("deeper")); }
    public String exits(Object event) { System.exit(3); return ""; }
    public String hogs(Object event) { List<byte[]> held = new ArrayList<>(); while (true) held.add(new byte[1 << 20]); }

    public static class Streams implements RequestStreamHandler {
        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
            output.write("{\"read\":".getBytes()); output.write(input.readAllBytes()); output.write('}');
        }
    }

    public static class Broken { public Broken() { throw new IllegalArgumentException("while making"); } public void handleRequest() {} }
}

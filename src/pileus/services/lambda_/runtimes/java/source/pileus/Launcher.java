package pileus;

import com.amazonaws.services.lambda.crac.Core;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How does a Java function run inside its cell? Loads the handler, says that it is ready, answers event after event. */
public final class Launcher {
    private static final String SNAP_START = "snap-start";

    private Launcher() {}

    public static void main(String[] arguments) throws Exception {
        Channel channel = Channel.open();
        channel.redirect();
        Handler handler;
        try {
            handler = Handler.named(System.getenv("_HANDLER"));
            if (SNAP_START.equals(System.getenv("AWS_LAMBDA_INITIALIZATION_TYPE"))) {
                Core.getGlobalContext().beforeCheckpoint(null);
                flush();
                // This run makes a class archive, which the JVM writes when it ends.
                if (Boolean.getBoolean("pileus.archive")) System.exit(0);
                channel.send(Channel.READY);
                if (!channel.awaitRestore()) Runtime.getRuntime().halt(0);
                Core.getGlobalContext().afterRestore(null);
                flush();
            }
        } catch (Throwable failure) {
            flush();
            channel.line(logged(failure));
            channel.send(Channel.INIT_ERROR, document(failure));
            System.exit(1);
            return;
        }
        channel.send(Channel.READY);
        for (byte[] body = channel.receive(); body != null; body = channel.receive()) answer(handler, body, channel);
        Runtime.getRuntime().halt(0);
    }

    private static void answer(Handler handler, byte[] body, Channel channel) {
        int size = ByteBuffer.wrap(body).getInt();
        String[] meta = new String(body, 4, size, StandardCharsets.UTF_8).split("\0", 5);
        byte[] payload = java.util.Arrays.copyOfRange(body, 4 + size, body.length);
        if (meta[3].isEmpty()) System.clearProperty("com.amazonaws.xray.traceHeader");
        else System.setProperty("com.amazonaws.xray.traceHeader", meta[3]);
        try {
            byte[] answer = handler.handle(payload, meta, channel);
            flush();
            channel.conclude(Channel.ANSWER, answer);
        } catch (Throwable failure) {
            flush();
            channel.line(logged(failure));
            channel.conclude(Channel.ERROR, document(failure));
            if (failure instanceof VirtualMachineError) Runtime.getRuntime().halt(1);
        }
    }

    private static void flush() {
        System.out.flush();
        System.err.flush();
    }

    /** What the invoker gets. Recording test_uncaught_exception_invoke[java17]. */
    private static byte[] document(Throwable failure) {
        return Writer.write(described(failure, 0)).getBytes(StandardCharsets.UTF_8);
    }

    private static Map<String, Object> described(Throwable failure, int depth) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("errorMessage", failure.getMessage() == null ? "" : failure.getMessage());
        told.put("errorType", failure.getClass().getName());
        List<String> frames = new ArrayList<>();
        for (StackTraceElement frame : failure.getStackTrace()) {
            // Whoever called the handler is ours, by reflection.
            if (frame.getClassName().startsWith("pileus.")) break;
            frames.add(frame.toString());
        }
        while (!frames.isEmpty() && frames.get(frames.size() - 1).contains(".reflect.")) frames.remove(frames.size() - 1);
        told.put("stackTrace", frames);
        if (failure.getCause() != null && depth < 10) told.put("cause", described(failure.getCause(), depth + 1));
        return told;
    }

    private static String logged(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text, true));
        String message = failure.getMessage() == null ? "" : failure.getMessage();
        return message + ": " + failure.getClass().getName() + "\n" + text;
    }
}

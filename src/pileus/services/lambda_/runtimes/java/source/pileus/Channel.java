package pileus;

import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;

/**
 * How do frames travel between Pileus and this process?
 *
 * As kernel/sandbox/wire.py and runtimes/frames.py say: four bytes of length, one of kind, the body.
 */
final class Channel {
    static final int READY = 0x59;
    static final int INIT_ERROR = 0x4E;
    static final int ANSWER = 0x52;
    static final int ERROR = 0x45;
    static final int LINE = 0x4C;
    static final int TEXT = 0x50;
    private static final int PIECE_BYTES_MAX = 16 * 1024;
    private static final int RESPONSE_BYTES_MAX = 6291556;
    private static final String RESPONSE_TOO_LARGE =
            "{\"errorMessage\":\"Response payload size exceeded maximum allowed payload size (6291556 bytes).\","
                    + "\"errorType\":\"Function.ResponseSizeTooLarge\"}";

    private final DataInputStream input;
    private final FileOutputStream output;

    private Channel(FileDescriptor descriptor) {
        input = new DataInputStream(new java.io.BufferedInputStream(new FileInputStream(descriptor), 64 * 1024));
        output = new FileOutputStream(descriptor);
    }

    /** The channel is standard input: the only inherited descriptor that a public API opens both ways. */
    static Channel open() {
        Channel channel = new Channel(FileDescriptor.in);
        System.setIn(new java.io.ByteArrayInputStream(new byte[0]));
        return channel;
    }

    /** The body of the next frame; null when Pileus has closed. */
    byte[] receive() throws IOException {
        int size;
        try {
            size = input.readInt();
        } catch (IOException closed) {
            return null;
        }
        input.readByte();
        byte[] body = new byte[size - 1];
        input.readFully(body);
        return body;
    }

    /** Whether this environment is put to use, which Pileus says before the first event. */
    boolean awaitRestore() throws IOException {
        return receive() != null;
    }

    synchronized void send(int kind, byte[]... parts) {
        int size = 1;
        for (byte[] part : parts) size += part.length;
        byte[] frame = new byte[size + 4];
        frame[0] = (byte) (size >>> 24);
        frame[1] = (byte) (size >>> 16);
        frame[2] = (byte) (size >>> 8);
        frame[3] = (byte) size;
        frame[4] = (byte) kind;
        int at = 5;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, frame, at, part.length);
            at += part.length;
        }
        try {
            output.write(frame);
        } catch (IOException gone) {
            Runtime.getRuntime().halt(1);
        }
    }

    void line(String text) {
        send(LINE, text.getBytes(StandardCharsets.UTF_8));
    }

    /** The end of an invocation: kind, most memory held so far, payload. */
    void conclude(int kind, byte[] payload) {
        if (payload.length > RESPONSE_BYTES_MAX) {
            conclude(ERROR, RESPONSE_TOO_LARGE.getBytes(StandardCharsets.UTF_8));
            return;
        }
        int kib = peakKib();
        byte[] peak = {(byte) (kib >>> 24), (byte) (kib >>> 16), (byte) (kib >>> 8), (byte) kib};
        send(kind, peak, payload);
    }

    /** Standard output and error go the same way, so that their order is kept. */
    void redirect() {
        PrintStream out = new PrintStream(new Text(), true);
        System.setOut(out);
        System.setErr(out);
    }

    private static int peakKib() {
        try {
            for (String line : Files.readAllLines(Paths.get("/proc/self/status"))) {
                if (line.startsWith("VmHWM:")) return Integer.parseInt(line.replaceAll("\\D", ""));
            }
        } catch (IOException | NumberFormatException unknown) {
            return 0;
        }
        return 0;
    }

    private final class Text extends OutputStream {
        @Override
        public void write(int single) {
            write(new byte[] {(byte) single}, 0, 1);
        }

        @Override
        public void write(byte[] data, int start, int count) {
            for (int at = start; at < start + count; at += PIECE_BYTES_MAX) {
                int end = Math.min(at + PIECE_BYTES_MAX, start + count);
                send(TEXT, java.util.Arrays.copyOfRange(data, at, end));
            }
        }
    }
}

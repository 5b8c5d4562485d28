package hooks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.crac.Context;
import org.crac.Core;
import org.crac.Resource;

/** Functions with resources that hear of snapshots, each in its own way. */
public class Hooked {
    static final List<String> CALLED = new ArrayList<>();
    static final List<Resource> KEPT = new ArrayList<>();

    interface Hook {
        void run() throws Exception;
    }

    static Resource hook(Hook before, Hook after) {
        Resource resource = new Resource() {
            @Override
            public void beforeCheckpoint(Context<? extends Resource> context) throws Exception {
                before.run();
            }

            @Override
            public void afterRestore(Context<? extends Resource> context) throws Exception {
                after.run();
            }
        };
        Core.getGlobalContext().register(resource);
        return resource;
    }

    static void named(String name) {
        KEPT.add(hook(() -> CALLED.add("before " + name), () -> CALLED.add("after " + name)));
    }

    static void nothing() {}

    /** Two that are kept, and one that nobody holds. */
    public static class Ordered {
        static {
            named("1");
            hook(() -> CALLED.add("before none"), () -> CALLED.add("after none"));
            named("2");
            System.gc();
            System.out.println("initialised");
        }

        public Map<String, Object> handleRequest(Object event) throws Exception {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("called", new ArrayList<>(CALLED));
            told.put("asked", Core.checkpointRestore());
            told.put("kind", System.getenv("AWS_LAMBDA_INITIALIZATION_TYPE"));
            return told;
        }
    }

    public static class FailsBefore {
        static {
            KEPT.add(hook(() -> { throw new IllegalStateException("pool is busy"); }, Hooked::nothing));
            KEPT.add(hook(() -> { throw new java.io.IOException("file is open"); }, Hooked::nothing));
        }

        public int handleRequest(Object event) {
            return 1;
        }
    }

    public static class FailsAfter {
        static {
            KEPT.add(hook(Hooked::nothing, () -> { throw new IllegalStateException("no connection"); }));
            KEPT.add(hook(Hooked::nothing, () -> System.out.println("heard as well")));
        }

        public int handleRequest(Object event) {
            return 1;
        }
    }

    public static class ExitsAfter {
        static {
            KEPT.add(hook(Hooked::nothing, () -> System.exit(7)));
        }

        public int handleRequest(Object event) {
            return 1;
        }
    }

    public static class SlowAfter {
        static {
            KEPT.add(hook(Hooked::nothing, () -> Thread.sleep(60_000)));
        }

        public int handleRequest(Object event) {
            return 1;
        }
    }
}

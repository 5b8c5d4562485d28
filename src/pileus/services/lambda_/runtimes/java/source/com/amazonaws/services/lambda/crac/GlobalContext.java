package com.amazonaws.services.lambda.crac;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * In which order do resources hear, and what becomes of what they throw?
 *
 * Before a snapshot the last that was registered is the first, after a restore the first. Each hears, whatever others
 * throw; that is gathered. Of their own CheckpointException or RestoreException only what is suppressed in it counts, as
 * the specification says and AWS does.
 * Source: javadoc of jdk.crac; Lambda Developer Guide, "Implement code before or after Lambda function snapshots".
 */
final class GlobalContext extends Context<Resource> {
    private final List<WeakReference<Resource>> registered = new ArrayList<>();

    @Override
    public void register(Resource resource) {
        if (resource == null) throw new NullPointerException("resource");
        synchronized (registered) {
            registered.removeIf(each -> each.get() == null || each.get() == resource);
            registered.add(new WeakReference<>(resource));
        }
    }

    @Override
    public void beforeCheckpoint(Context<? extends Resource> context) throws CheckpointException {
        List<Resource> resources = alive();
        Collections.reverse(resources);
        CheckpointException gathered = new CheckpointException();
        for (Resource resource : resources) {
            try {
                resource.beforeCheckpoint(this);
            } catch (CheckpointException failure) {
                for (Throwable each : failure.getSuppressed()) gathered.addSuppressed(each);
            } catch (Exception failure) {
                gathered.addSuppressed(failure);
            }
        }
        if (gathered.getSuppressed().length > 0) throw gathered;
    }

    @Override
    public void afterRestore(Context<? extends Resource> context) throws RestoreException {
        RestoreException gathered = new RestoreException();
        for (Resource resource : alive()) {
            try {
                resource.afterRestore(this);
            } catch (RestoreException failure) {
                for (Throwable each : failure.getSuppressed()) gathered.addSuppressed(each);
            } catch (Exception failure) {
                gathered.addSuppressed(failure);
            }
        }
        if (gathered.getSuppressed().length > 0) throw gathered;
    }

    /** In order of registration. The lock is free while they hear: one may wait for a thread that registers another. */
    private List<Resource> alive() {
        List<Resource> resources = new ArrayList<>();
        synchronized (registered) {
            for (WeakReference<Resource> each : registered) {
                Resource resource = each.get();
                if (resource != null) resources.add(resource);
            }
        }
        return resources;
    }
}

package com.amazonaws.services.lambda.crac;

/** Where resources are registered; one itself, so that contexts can be nested. */
public abstract class Context<R extends Resource> implements Resource {
    protected Context() {}

    @Override
    public abstract void beforeCheckpoint(Context<? extends Resource> context) throws CheckpointException;

    @Override
    public abstract void afterRestore(Context<? extends Resource> context) throws RestoreException;

    /** Holds `resource` weakly: whoever registers it keeps it. */
    public abstract void register(R resource);
}

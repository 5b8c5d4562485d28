package com.amazonaws.services.lambda.crac;

/**
 * How does a Java function hear of its snapshot?
 *
 * The library org-crac, which functions bring, finds this package by reflection, by the property `org.crac.Core.Compat`
 * that names it: hence its name and those of its classes, which are the names of AWS's own.
 */
public final class Core {
    private static final Context<Resource> GLOBAL = new GlobalContext();

    private Core() {}

    public static Context<Resource> getGlobalContext() {
        return GLOBAL;
    }

    /** Functions cannot ask for a snapshot: Lambda takes it when a version is published. */
    public static void checkpointRestore() throws CheckpointException, RestoreException {
        throw new UnsupportedOperationException("Snapshots are taken when a version is published");
    }
}

package com.amazonaws.services.lambda.crac;

/** Resources are not ready for a snapshot; what each of them threw is suppressed in this. */
public class CheckpointException extends Exception {
    private static final long serialVersionUID = 1;

    /** Of what was thrown first, so that the state of the version says why it failed. */
    @Override
    public String getMessage() {
        Throwable[] thrown = getSuppressed();
        return thrown.length == 0 ? null : thrown[0].toString();
    }
}

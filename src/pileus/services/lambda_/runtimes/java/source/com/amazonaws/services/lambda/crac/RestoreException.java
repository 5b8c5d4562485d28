package com.amazonaws.services.lambda.crac;

/** Resources did not get over a restore; what each of them threw is suppressed in this. */
public class RestoreException extends Exception {
    private static final long serialVersionUID = 1;
}

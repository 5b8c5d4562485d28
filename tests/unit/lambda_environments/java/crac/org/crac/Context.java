package org.crac;

/** A stand-in for the library's class of this name. */
public abstract class Context<R extends Resource> implements Resource {
    public abstract void register(R resource);
}

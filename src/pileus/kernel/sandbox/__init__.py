"""Start, feed, limit and stop code that is not ours."""

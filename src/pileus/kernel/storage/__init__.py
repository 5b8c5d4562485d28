"""The store: one ordered, transactional map of bytes to bytes, and what rests on it."""

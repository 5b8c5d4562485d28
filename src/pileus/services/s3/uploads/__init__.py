"""Objects that arrive in parts: what is true of uploads, their parts and their lists."""

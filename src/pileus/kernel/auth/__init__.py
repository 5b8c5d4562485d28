"""Who is asking: signatures, credentials, principals."""

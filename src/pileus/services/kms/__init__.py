"""KMS: keys that never leave, and what is encrypted with them."""

"""Which configurations of buckets are taken."""

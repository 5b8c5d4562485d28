"""S3 Control: what of S3 belongs to an account rather than to a bucket."""

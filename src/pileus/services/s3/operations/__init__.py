"""What S3 does, by what it is about."""

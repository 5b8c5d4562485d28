"""SQL over one object: the dialect of S3 Select, its readers and writers, and the process that runs it."""

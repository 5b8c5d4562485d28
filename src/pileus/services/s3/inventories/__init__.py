"""S3 Inventory: what lists of a bucket's objects consist of, where they lie, and when they are due."""

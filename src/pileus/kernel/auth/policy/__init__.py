"""May somebody do something: IAM's policy language, compiled and decided."""

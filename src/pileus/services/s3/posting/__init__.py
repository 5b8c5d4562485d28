"""Uploads from browsers: forms that are posted to a bucket."""

"""The policies that AWS manages, with their documents, as AWS published them."""

"""The operations of CloudWatch, each in the module of what it is about."""

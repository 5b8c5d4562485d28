"""The operations of SNS, each in the module of what it is about."""

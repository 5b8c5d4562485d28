"""The operations of DynamoDB, each in the module of what it is about."""

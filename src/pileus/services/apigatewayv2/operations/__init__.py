"""The operations of API Gateway v2, in a module of each for what they are about."""

"""The operations of Lambda, each in the module of what it is about."""

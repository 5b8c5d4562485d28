"""The operations of EventBridge, by what they are about."""

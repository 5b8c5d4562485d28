"""Amazon EventBridge: event buses, rules and their targets."""

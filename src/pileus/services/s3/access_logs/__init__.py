"""Who asked a bucket for what: server access logs, delivered as objects."""

"""DynamoDB Streams: what changed in a table during the last day, in order."""

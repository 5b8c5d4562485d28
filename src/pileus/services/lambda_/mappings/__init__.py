"""Event source mappings: functions that are invoked with what appears in a stream."""

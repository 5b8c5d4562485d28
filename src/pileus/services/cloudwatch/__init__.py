"""CloudWatch: metrics, what is computed of them, alarms and dashboards."""

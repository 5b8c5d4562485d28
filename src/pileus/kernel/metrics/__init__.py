"""What do services count, for CloudWatch to show?

`counting.Metrics` is what services are handed; `statistics` says what is kept of many values, `store` how it is kept.
"""

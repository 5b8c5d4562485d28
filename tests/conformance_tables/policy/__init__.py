"""What IAM's documentation says a policy decides, case by case.

Every expectation was worked out by hand from the page that its table names, never by running the engine. The tables are
data only; tests/unit/policy/test_conformance_tables.py asks the engine.
"""

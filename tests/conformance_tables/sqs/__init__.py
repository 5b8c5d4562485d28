"""What SQS says to requests that it refuses, word for word, each case with where it is known from.

Data only; tests/unit/sqs/test_conformance_tables.py sends each request through the wire in both protocols.
"""

"""What DynamoDB says to requests that it refuses, word for word, each case with where it is known from.

Data only; tests/unit/dynamodb/test_conformance_tables.py sends the requests through the wire. Which of DynamoDB's
wordings we follow says docs/decisions/0014.
"""

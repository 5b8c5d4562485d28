"""Amazon SQS: queues, and messages that are received until somebody deletes them."""

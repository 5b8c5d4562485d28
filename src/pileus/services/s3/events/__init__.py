"""What a bucket tells others of its objects: to queues, topics, functions and event buses."""

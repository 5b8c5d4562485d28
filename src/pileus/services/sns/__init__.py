"""Amazon SNS: topics, subscriptions, messages, and how they reach whoever subscribed."""

"""Amazon API Gateway v2: HTTP APIs in front of functions."""

"""AWS's protocols, derived from AWS's own service models."""

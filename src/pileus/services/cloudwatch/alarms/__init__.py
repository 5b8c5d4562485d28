"""Alarms: what they are, when they change, and what happens then."""

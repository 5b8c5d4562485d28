"""Execution environments: where a function's code runs, how long it lives, and what it answers."""

"""Metric math and search: from text to series."""

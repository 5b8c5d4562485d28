"""Buckets that pages of other origins may read and write, because their owner said so."""

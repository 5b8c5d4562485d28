"""What becomes of objects as they grow old."""

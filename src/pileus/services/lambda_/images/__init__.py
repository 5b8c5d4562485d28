"""Container images: found by their URI, checked, unpacked, kept."""

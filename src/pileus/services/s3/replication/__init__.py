"""What is put into one bucket, and is in others soon after."""

"""What may be configured of a bucket, and when does AWS take it?"""

"""Which tables may there be, and how are they described?"""

"""What do FIFO topics keep of what was published, and how do subscribers get it again?"""

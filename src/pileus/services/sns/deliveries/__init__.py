"""How do messages reach whoever subscribed?"""

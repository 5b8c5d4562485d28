"""What does SNS know of text messages: settings, who wants none, numbers to be verified, and how one is sent?"""

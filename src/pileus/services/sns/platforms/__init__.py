"""What are mobile platforms to SNS: applications with credentials, and the devices that run them?"""

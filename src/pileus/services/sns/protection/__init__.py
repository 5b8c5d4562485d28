"""What must not be published to a topic, or delivered from it: data protection policies.

`policy.parse` reads one, `guard.DataProtection` acts upon it when messages come in and go out.
"""

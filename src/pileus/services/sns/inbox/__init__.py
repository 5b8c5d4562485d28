"""Where do emails, text messages and push notifications go that nobody outside is to get?

`Inbox.put` writes one down in the transaction of its cause; `/_pileus/inbox` shows them (`page.py`), and a mail server
gets the emails, too, where one is configured (`mail.py`).
"""

from pileus.services.sns.inbox.box import Inbox
from pileus.services.sns.inbox.records import Kind, SentMessage

__all__ = ["Inbox", "Kind", "SentMessage"]

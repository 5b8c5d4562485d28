"""The messages of queues: sent, received, held, returned, deleted, forgotten.

`contents.Messages` is the public face. Every operation is one transaction of the caller's: it opens a `visit`, does
its work by the rules of the queue's kind (`standard`, `fifo`), and saves the visit.
"""

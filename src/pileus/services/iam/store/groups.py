"""Where are groups and their members kept?"""

from pileus.services.iam.store.base import Reader, Writer


class GroupReader(Reader):
    pass


class GroupWriter(GroupReader, Writer):
    pass

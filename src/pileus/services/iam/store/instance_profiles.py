"""Where are instance profiles kept?"""

from pileus.services.iam.store.base import Reader, Writer


class InstanceProfileReader(Reader):
    pass


class InstanceProfileWriter(InstanceProfileReader, Writer):
    pass

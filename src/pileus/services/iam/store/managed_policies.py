"""Where are managed policies and their attachments kept?"""

from pileus.services.iam.store.base import Reader, Writer


class ManagedPolicyReader(Reader):
    pass


class ManagedPolicyWriter(ManagedPolicyReader, Writer):
    pass

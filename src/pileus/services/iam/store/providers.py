"""Where are identity providers kept?"""

from pileus.services.iam.store.base import Reader, Writer


class ProviderReader(Reader):
    pass


class ProviderWriter(ProviderReader, Writer):
    pass

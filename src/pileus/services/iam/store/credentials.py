"""Where are login profiles and MFA devices kept?"""

from pileus.services.iam.store.base import Reader, Writer


class CredentialReader(Reader):
    pass


class CredentialWriter(CredentialReader, Writer):
    pass

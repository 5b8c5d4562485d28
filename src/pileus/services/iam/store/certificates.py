"""Where are server certificates kept?"""

from pileus.services.iam.store.base import Reader, Writer


class CertificateReader(Reader):
    pass


class CertificateWriter(CertificateReader, Writer):
    pass

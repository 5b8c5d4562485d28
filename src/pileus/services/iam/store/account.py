"""Where is kept what holds for the whole account?"""

from pileus.services.iam.store.base import Reader, Writer


class AccountSettingsReader(Reader):
    pass


class AccountSettingsWriter(AccountSettingsReader, Writer):
    pass

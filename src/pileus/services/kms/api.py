"""KMS: keys that never leave, and what they encrypt, sign and authenticate."""

from typing import Final

from pileus.services.kms.keeper import KeyAuthorizer, KeyKeeper
from pileus.services.kms.operations.aliases import AliasOperations
from pileus.services.kms.operations.data_keys import DataKeyOperations
from pileus.services.kms.operations.encryption import EncryptionOperations
from pileus.services.kms.operations.grants import GrantOperations
from pileus.services.kms.operations.imports import ImportOperations
from pileus.services.kms.operations.keys import KeyOperations
from pileus.services.kms.operations.macs import MacOperations
from pileus.services.kms.operations.policies import PolicyOperations
from pileus.services.kms.operations.rotations import RotationOperations
from pileus.services.kms.operations.signing import SigningOperations
from pileus.services.kms.operations.states import StateOperations
from pileus.services.kms.operations.tags import TagOperations
from pileus.services.kms.worker import KeyWorker


class KmsApi(
    AliasOperations,
    DataKeyOperations,
    EncryptionOperations,
    GrantOperations,
    ImportOperations,
    KeyOperations,
    MacOperations,
    PolicyOperations,
    RotationOperations,
    SigningOperations,
    StateOperations,
    TagOperations,
):
    """Every operation, each in the module of what it is about."""

    def worker(self) -> KeyWorker:
        """Who deletes and rotates keys."""
        return KeyWorker(store=self._store, clock=self._clock, known=self.known, maker=self.maker, events=self._events)

    def keeper(self, authorizer: KeyAuthorizer | None) -> KeyKeeper:
        """Keys for other services. authorizer: None where nobody is asked about anybody, in tests."""
        return KeyKeeper(
            store=self._store,
            keys=self.keys,
            ciphering=self.ciphering,
            ids=self._ids,
            authorizer=authorizer,
        )


PARTIAL: Final[dict[str, str]] = {
    "CreateGrant": "not for service principals, and not constrained by SourceArn",
    "CreateKey": "no multi-Region keys, no custom key stores, no keys of SM2, ML-DSA or ML-KEM",
    "Decrypt": "not for Recipient (attested environments)",
    "DeriveSharedSecret": "not for Recipient (attested environments)",
    "GenerateDataKey": "not for Recipient (attested environments)",
    "GenerateDataKeyPair": "not for Recipient (attested environments), no pairs of SM2 or ML-KEM",
    "GenerateDataKeyPairWithoutPlaintext": "no pairs of SM2 or ML-KEM",
    "GenerateRandom": "not for Recipient (attested environments), not by a custom key store",
    "GetParametersForImport": "not wrapped by RSAES_PKCS1_V1_5 or SM2PKE",
    "ListRetirableGrants": "not by service principal",
    "Sign": "not with ED25519_PH_SHA_512, not of EXTERNAL_MU",
    "Verify": "not with ED25519_PH_SHA_512, not of EXTERNAL_MU",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""

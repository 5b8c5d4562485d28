"""Are identity providers, server certificates and service-linked roles kept as on AWS?"""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pileus.kernel.errors import ServiceError
from pileus.services.iam import shapes
from pileus.services.iam.provider_directories import IamOidcProviders, IamSamlProviders
from tests.unit.iam.certificates import NOT_AFTER, Issued, self_signed
from tests.unit.iam.running import ACCOUNT, RunningIam, context, refused, running_iam

OIDC_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/example.com/id"
SAML_ARN = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"


@pytest_asyncio.fixture
async def iam(tmp_path: Path) -> AsyncIterator[RunningIam]:
    async with running_iam(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def issued() -> Issued:
    return self_signed("example.com")


class TestOidc:
    async def create(self, iam: RunningIam, **more: object) -> shapes.CreateOpenIDConnectProviderResponse:
        request = shapes.CreateOpenIDConnectProviderRequest(
            url="https://example.com/id",
            **more,  # type: ignore[arg-type]  # what the tests say
        )
        return await iam.api.create_open_id_connect_provider(context(), request)

    async def get(self, iam: RunningIam, arn: str = OIDC_ARN) -> shapes.GetOpenIDConnectProviderResponse:
        request = shapes.GetOpenIDConnectProviderRequest(open_id_connect_provider_arn=arn)
        return await iam.api.get_open_id_connect_provider(context(), request)

    async def test_made_and_told_of(self, iam: RunningIam) -> None:
        """The URL without its scheme; empty lists are there (recorded: test_get_open_id_connect_provider)."""
        assert (await self.create(iam)).open_id_connect_provider_arn == OIDC_ARN
        assert await self.get(iam) == shapes.GetOpenIDConnectProviderResponse(
            url="example.com/id",
            client_id_list=[],
            thumbprint_list=[],
            create_date=iam.clock.now().replace(microsecond=0),
            tags=[],
        )
        with pytest.raises(ServiceError) as caught:
            await self.create(iam)
        text = "Provider with url https://example.com/id already exists."
        assert refused(caught) == ("EntityAlreadyExists", text)
        listed = await iam.api.list_open_id_connect_providers(context(), shapes.ListOpenIDConnectProvidersRequest())
        assert listed.open_id_connect_provider_list == [shapes.OpenIDConnectProviderListEntry(arn=OIDC_ARN)]

    async def test_client_ids_and_thumbprints(self, iam: RunningIam) -> None:
        """To add twice, or to remove what is not there, is no mistake."""
        await self.create(iam, client_id_list=["one"], thumbprint_list=["a" * 40])
        for _ in range(2):
            await iam.api.add_client_id_to_open_id_connect_provider(
                context(),
                shapes.AddClientIDToOpenIDConnectProviderRequest(
                    open_id_connect_provider_arn=OIDC_ARN, client_id="two"
                ),
            )
        assert (await self.get(iam)).client_id_list == ["one", "two"]
        for _ in range(2):
            await iam.api.remove_client_id_from_open_id_connect_provider(
                context(),
                shapes.RemoveClientIDFromOpenIDConnectProviderRequest(
                    open_id_connect_provider_arn=OIDC_ARN, client_id="one"
                ),
            )
        await iam.api.update_open_id_connect_provider_thumbprint(
            context(),
            shapes.UpdateOpenIDConnectProviderThumbprintRequest(
                open_id_connect_provider_arn=OIDC_ARN, thumbprint_list=["b" * 40]
            ),
        )
        got = await self.get(iam)
        assert (got.client_id_list, got.thumbprint_list) == (["two"], ["b" * 40])

    async def test_what_is_not_there(self, iam: RunningIam) -> None:
        """Three texts (recorded: test_delete_open_id_connect_provider)."""
        with pytest.raises(ServiceError) as caught:
            await self.get(iam)
        assert refused(caught) == ("NoSuchEntity", f"OpenIDConnect Provider not found for arn {OIDC_ARN}")
        await self.create(iam)
        delete = shapes.DeleteOpenIDConnectProviderRequest(open_id_connect_provider_arn=OIDC_ARN)
        await iam.api.delete_open_id_connect_provider(context(), delete)
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_open_id_connect_provider(context(), delete)
        assert refused(caught) == ("NoSuchEntity", f"OpenId connect Provider {OIDC_ARN} cannot be found.")
        for arn, code in ((SAML_ARN, "InvalidInput"), (OIDC_ARN.replace(ACCOUNT, "2" * 12), "NoSuchEntity")):
            with pytest.raises(ServiceError) as caught:
                await self.get(iam, arn)
            assert caught.value.error_code == code

    async def test_tags(self, iam: RunningIam) -> None:
        """Fifty of them (recorded: test_open_id_connect_provider_tags_limit)."""
        await self.create(iam, tags=[shapes.Tag(key="first", value="1")])
        more = [shapes.Tag(key=f"k{number:02}", value="v") for number in range(50)]
        with pytest.raises(ServiceError) as caught:
            await iam.api.tag_open_id_connect_provider(
                context(), shapes.TagOpenIDConnectProviderRequest(open_id_connect_provider_arn=OIDC_ARN, tags=more)
            )
        assert refused(caught) == ("LimitExceeded", "The number of tags has reached the maximum limit.")
        await iam.api.untag_open_id_connect_provider(
            context(),
            shapes.UntagOpenIDConnectProviderRequest(open_id_connect_provider_arn=OIDC_ARN, tag_keys=["first"]),
        )
        await iam.api.tag_open_id_connect_provider(
            context(), shapes.TagOpenIDConnectProviderRequest(open_id_connect_provider_arn=OIDC_ARN, tags=more)
        )
        page = await iam.api.list_open_id_connect_provider_tags(
            context(),
            shapes.ListOpenIDConnectProviderTagsRequest(open_id_connect_provider_arn=OIDC_ARN, max_items=50),
        )
        assert (page.tags, page.is_truncated) == (more, False)


def metadata(issued: Issued, *, until: str = "") -> str:
    certificate = base64.b64encode(issued.der).decode()
    return f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://i.example.com" {until}>
      <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">
      <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate>
      </X509Data></KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>"""


def rsa_key() -> str:
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


class TestSaml:
    async def create(self, iam: RunningIam, document: str, **more: object) -> None:
        request = shapes.CreateSAMLProviderRequest(
            name="corp",
            saml_metadata_document=document,
            **more,  # type: ignore[arg-type]  # what the tests say
        )
        assert (await iam.api.create_saml_provider(context(), request)).saml_provider_arn == SAML_ARN

    async def get(self, iam: RunningIam) -> shapes.GetSAMLProviderResponse:
        return await iam.api.get_saml_provider(context(), shapes.GetSAMLProviderRequest(saml_provider_arn=SAML_ARN))

    async def test_made_and_told_of(self, iam: RunningIam, issued: Issued) -> None:
        """It ends when its metadata does, or in a hundred years (recorded: test_get_saml_provider)."""
        await self.create(iam, metadata(issued))
        got = await self.get(iam)
        now = iam.clock.now().replace(microsecond=0)
        assert got.saml_metadata_document == metadata(issued)
        assert (got.assertion_encryption_mode, got.private_key_list, got.tags) == ("Allowed", [], [])
        assert got.create_date == now
        assert got.valid_until is not None
        assert got.valid_until.year == now.year + 100
        assert len(got.saml_provider_uuid or "") >= 22
        with pytest.raises(ServiceError) as caught:
            await self.create(iam, metadata(issued))
        assert caught.value.error_code == "EntityAlreadyExists"
        document = metadata(issued, until='validUntil="2031-01-01T00:00:00Z"')
        update = shapes.UpdateSAMLProviderRequest(saml_provider_arn=SAML_ARN, saml_metadata_document=document)
        await iam.api.update_saml_provider(context(), update)
        listed = await iam.api.list_saml_providers(context(), shapes.ListSAMLProvidersRequest())
        assert listed.saml_provider_list is not None
        (entry,) = listed.saml_provider_list
        assert (entry.arn, entry.create_date) == (SAML_ARN, now)
        assert f"{entry.valid_until:%Y-%m-%d}" == "2031-01-01"

    async def test_private_keys(self, iam: RunningIam, issued: Issued) -> None:
        """Two at most; one is needed where assertions must be encrypted."""
        with pytest.raises(ServiceError) as caught:
            await self.create(iam, metadata(issued), assertion_encryption_mode="Required")
        assert caught.value.error_code == "InvalidInput"
        for bad in ("x", issued.key_pem):
            with pytest.raises(ServiceError) as caught:
                await self.create(iam, metadata(issued), add_private_key=bad)
            assert caught.value.error_code == "InvalidInput"
        await self.create(iam, metadata(issued), assertion_encryption_mode="Required", add_private_key=rsa_key())

        async def update(**more: object) -> None:
            request = shapes.UpdateSAMLProviderRequest(
                saml_provider_arn=SAML_ARN,
                **more,  # type: ignore[arg-type]  # what the test says
            )
            await iam.api.update_saml_provider(context(), request)

        await update(add_private_key=rsa_key())
        with pytest.raises(ServiceError) as caught:
            await update(add_private_key=rsa_key())
        assert caught.value.error_code == "LimitExceeded"
        first, second = (key.key_id for key in (await self.get(iam)).private_key_list or [])
        await update(remove_private_key=first)
        with pytest.raises(ServiceError) as caught:
            await update(remove_private_key=second)
        assert caught.value.error_code == "InvalidInput"
        await update(remove_private_key=second, assertion_encryption_mode="Allowed")
        assert (await self.get(iam)).private_key_list == []

    async def test_deleted(self, iam: RunningIam, issued: Issued) -> None:
        """recorded: test_delete_saml_provider_not_found."""
        await self.create(iam, metadata(issued))
        delete = shapes.DeleteSAMLProviderRequest(saml_provider_arn=SAML_ARN)
        await iam.api.delete_saml_provider(context(), delete)
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_saml_provider(context(), delete)
        assert refused(caught) == ("NoSuchEntity", f"Manifest not found for arn {SAML_ARN}")


class TestServerCertificates:
    async def upload(self, iam: RunningIam, issued: Issued, name: str = "site", path: str = "/") -> None:
        request = shapes.UploadServerCertificateRequest(
            server_certificate_name=name, path=path, certificate_body=issued.pem, private_key=issued.key_pem
        )
        await iam.api.upload_server_certificate(context(), request)

    async def test_a_life(self, iam: RunningIam, issued: Issued, tmp_path: Path) -> None:
        """Uploaded, told of, renamed, deleted (recorded: test_server_certificate_lifecycle, ..._errors)."""
        await self.upload(iam, issued, path="/cdn/")
        with pytest.raises(ServiceError) as caught:
            await self.upload(iam, issued, name="SITE")
        text = "The Server Certificate with name SITE already exists."
        assert refused(caught) == ("EntityAlreadyExists", text)
        get = shapes.GetServerCertificateRequest(server_certificate_name="site")
        got = (await iam.api.get_server_certificate(context(), get)).server_certificate
        about = got.server_certificate_metadata
        assert (got.certificate_body, got.certificate_chain, got.tags) == (issued.pem.strip(), None, [])
        assert about.arn == f"arn:aws:iam::{ACCOUNT}:server-certificate/cdn/site"
        assert about.server_certificate_id.startswith("ASCA")
        assert len(about.server_certificate_id) == 21
        assert (about.expiration, about.upload_date) == (NOT_AFTER, iam.clock.now().replace(microsecond=0))
        await iam.api.update_server_certificate(
            context(),
            shapes.UpdateServerCertificateRequest(
                server_certificate_name="site", new_path="/", new_server_certificate_name="home"
            ),
        )
        with pytest.raises(ServiceError) as caught:
            await iam.api.get_server_certificate(context(), get)
        text = "The Server Certificate with name site cannot be found."
        assert refused(caught) == ("NoSuchEntity", text)
        listed = await iam.api.list_server_certificates(context(), shapes.ListServerCertificatesRequest())
        (entry,) = listed.server_certificate_metadata_list
        assert entry.arn == f"arn:aws:iam::{ACCOUNT}:server-certificate/home"
        assert entry.server_certificate_id == about.server_certificate_id
        await iam.store.durable()
        written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert issued.key_pem.splitlines()[1].encode() not in written
        await iam.api.delete_server_certificate(
            context(), shapes.DeleteServerCertificateRequest(server_certificate_name="home")
        )
        listed = await iam.api.list_server_certificates(context(), shapes.ListServerCertificatesRequest())
        assert listed.server_certificate_metadata_list == []

    async def test_lists_and_quota(self, iam: RunningIam, issued: Issued) -> None:
        """In pages, below a path, twenty at most."""
        for number in range(20):
            await self.upload(iam, issued, f"c{number:02}", "/odd/" if number % 2 else "/even/")
        with pytest.raises(ServiceError) as caught:
            await self.upload(iam, issued)
        assert refused(caught) == ("LimitExceeded", "Cannot exceed quota for ServerCertificatesPerAccount: 20")
        names: list[str] = []
        marker: str | None = None
        while True:
            page = await iam.api.list_server_certificates(
                context(), shapes.ListServerCertificatesRequest(path_prefix="/odd/", max_items=4, marker=marker)
            )
            names += [entry.server_certificate_name for entry in page.server_certificate_metadata_list]
            marker = page.marker
            if not page.is_truncated:
                break
        assert names == [f"c{number:02}" for number in range(1, 20, 2)]

    async def test_tags(self, iam: RunningIam, issued: Issued) -> None:
        """As with everything else."""
        await self.upload(iam, issued)
        tags = [shapes.Tag(key="a", value="1"), shapes.Tag(key="b", value="2")]
        await iam.api.tag_server_certificate(
            context(), shapes.TagServerCertificateRequest(server_certificate_name="site", tags=tags)
        )
        await iam.api.untag_server_certificate(
            context(), shapes.UntagServerCertificateRequest(server_certificate_name="site", tag_keys=["a"])
        )
        page = await iam.api.list_server_certificate_tags(
            context(), shapes.ListServerCertificateTagsRequest(server_certificate_name="site")
        )
        assert page.tags == tags[1:]


class TestServiceLinkedRoles:
    async def create(self, iam: RunningIam, service: str, suffix: str | None = None) -> shapes.Role:
        request = shapes.CreateServiceLinkedRoleRequest(aws_service_name=service, custom_suffix=suffix)
        role = (await iam.api.create_service_linked_role(context(), request)).role
        assert role is not None
        return role

    async def test_a_life(self, iam: RunningIam) -> None:
        """Its name, path, trust and policy are the service's."""
        service = "dynamodb.application-autoscaling.amazonaws.com"
        role = await self.create(iam, service)
        name = "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"
        assert role.role_name == name
        assert role.arn == f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/{name}"
        kept = (await iam.api.get_role(context(), shapes.GetRoleRequest(role_name=name))).role
        assert service in (kept.assume_role_policy_document or "")
        with pytest.raises(ServiceError) as caught:
            await self.create(iam, service)
        text = f"Service role name {name} has been taken in this account, please try a different suffix."
        assert refused(caught) == ("InvalidInput", text)
        deleted = await iam.api.delete_service_linked_role(
            context(), shapes.DeleteServiceLinkedRoleRequest(role_name=name)
        )
        assert deleted.deletion_task_id.startswith(f"task/aws-service-role/{service}/{name}/")
        status = await iam.api.get_service_linked_role_deletion_status(
            context(),
            shapes.GetServiceLinkedRoleDeletionStatusRequest(deletion_task_id=deleted.deletion_task_id),
        )
        assert status.status == "SUCCEEDED"
        with pytest.raises(ServiceError) as caught:
            await iam.api.get_role(context(), shapes.GetRoleRequest(role_name=name))
        assert caught.value.error_code == "NoSuchEntity"

    async def test_suffixes(self, iam: RunningIam) -> None:
        """Few services allow more than one role."""
        await self.create(iam, "autoscaling.amazonaws.com")
        role = await self.create(iam, "autoscaling.amazonaws.com", "mine")
        assert role.role_name == "AWSServiceRoleForAutoScaling_mine"
        with pytest.raises(ServiceError) as caught:
            await self.create(iam, "es.amazonaws.com", "mine")
        text = "Custom suffix is not allowed for es.amazonaws.com"
        assert refused(caught) == ("InvalidInput", text)
        for service in ("unknown.amazonaws.com", "ecs", "ecs.example.com"):
            with pytest.raises(ServiceError) as caught:
                await self.create(iam, service)
            assert caught.value.error_code == "InvalidInput"

    async def test_nobody_else_changes_them(self, iam: RunningIam) -> None:
        """UnmodifiableEntity from everything that would; and none other is deleted this way."""
        name = (await self.create(iam, "ecs.amazonaws.com")).role_name
        policy = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})
        trust = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
            }
        )
        admin = "arn:aws:iam::aws:policy/AdministratorAccess"
        for operation in (
            iam.api.delete_role(context(), shapes.DeleteRoleRequest(role_name=name)),
            iam.api.put_role_policy(
                context(), shapes.PutRolePolicyRequest(role_name=name, policy_name="p", policy_document=policy)
            ),
            iam.api.attach_role_policy(context(), shapes.AttachRolePolicyRequest(role_name=name, policy_arn=admin)),
            iam.api.update_assume_role_policy(
                context(), shapes.UpdateAssumeRolePolicyRequest(role_name=name, policy_document=trust)
            ),
        ):
            with pytest.raises(ServiceError) as caught:
                await operation
            assert caught.value.error_code == "UnmodifiableEntity"
        await iam.api.create_role(
            context(), shapes.CreateRoleRequest(role_name="mine", assume_role_policy_document=trust)
        )
        for role_name, code in (("mine", "InvalidInput"), ("nobody", "NoSuchEntity")):
            with pytest.raises(ServiceError) as caught:
                await iam.api.delete_service_linked_role(
                    context(), shapes.DeleteServiceLinkedRoleRequest(role_name=role_name)
                )
            assert caught.value.error_code == code


class TestDirectories:
    async def test_sts_finds_them(self, iam: RunningIam, issued: Issued) -> None:
        """By exactly their ARN, whoever asks."""
        oidc, saml = IamOidcProviders(iam.store), IamSamlProviders(iam.store)
        assert (await oidc.find(OIDC_ARN), await saml.find(SAML_ARN)) == (None, None)
        await TestOidc().create(iam, client_id_list=["app"])
        await TestSaml().create(iam, metadata(issued))
        found = await oidc.find(OIDC_ARN)
        assert found is not None
        assert (found.scheme, found.url, found.client_ids) == ("https", "example.com/id", ("app",))
        about = await saml.find(SAML_ARN)
        assert about is not None
        assert (about.entity_id, about.signing_certificates) == ("https://i.example.com", (issued.der,))
        for arn in (SAML_ARN, OIDC_ARN.replace("aws:", "aws-cn:"), OIDC_ARN + "/", "x", f"arn:aws:iam::{ACCOUNT}:root"):
            assert await oidc.find(arn) is None
        for arn in (OIDC_ARN, SAML_ARN.upper(), SAML_ARN.replace(ACCOUNT, "2" * 12)):
            assert await saml.find(arn) is None

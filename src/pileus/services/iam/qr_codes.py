"""How does a user photograph the seed of a virtual MFA device?"""

from io import BytesIO
from urllib.parse import quote

_PIXELS_PER_MODULE = 4


def provisioning_uri(*, seed_base32: bytes, device_name: str, account: str) -> str:
    """What authenticator apps read (API_CreateVirtualMFADevice, QRCodePNG)."""
    label = f"Amazon%20Web%20Services:{quote(device_name, safe='')}@{quote(account, safe='')}"
    return f"otpauth://totp/{label}?secret={seed_base32.decode()}&issuer=Amazon%20Web%20Services"


def qr_png(text: str) -> bytes:
    """The text as a QR code, in a PNG image."""
    import segno  # here, since few servers ever make one

    image = BytesIO()
    segno.make_qr(text).save(image, kind="png", scale=_PIXELS_PER_MODULE)
    return image.getvalue()

"""The packaged network weights, each handed out only if its checksum is right."""

import hashlib
from importlib import resources

from valaro.errors import StoreError

# SHA-256 of every packaged file; README.md beside them says where each comes from.
CHECKSUMS: dict[str, str] = {
    "dface.safetensors": "74900d999704320d159e5ea88a4d2b75e9d39f133c9565eedabc81effdf3c828",
    "face_detection_yunet_2023mar_int8bq.onnx": "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    "silero_vad_16k_op15.onnx": "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
    "mini_xception.safetensors": "335bcc34c60d6447c41bb1f8ca0b89c7728fb56496907ce5d710698f98cb1dc3",
}


def read_weights(name: str) -> bytes:
    """Return the bytes of the packaged file `name`; StoreError if it is missing or not the one that was packaged."""
    file = resources.files(__name__).joinpath(name)
    if not file.is_file():
        raise StoreError(f"the weights {file} are missing: expected in every valaro package; install valaro again")
    content = file.read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    if checksum != CHECKSUMS[name]:
        raise StoreError(
            f"the weights {file} are not those that were packaged: SHA-256 {checksum}, expected {CHECKSUMS[name]}; "
            "install valaro again"
        )
    return content

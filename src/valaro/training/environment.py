"""On what a run was made: versions and machine, for whoever wants the same numbers again."""

import platform
from importlib.metadata import version

import torch

_PACKAGES = ("valaro", "torch", "numpy", "av", "opencv-python-headless", "pyarrow", "safetensors")


def environment() -> dict[str, str]:
    """Return names and versions; nothing that names the user or the machine."""
    facts = {package: version(package) for package in _PACKAGES}
    facts["python"] = platform.python_version()
    facts["system"] = f"{platform.system()} {platform.machine()}"
    facts["cpu instructions"] = torch.backends.cpu.get_cpu_capability()
    if torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name()
    return facts

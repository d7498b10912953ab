"""On what a run was made: versions and machine, for whoever wants the same numbers again."""

import platform
from dataclasses import asdict
from importlib.metadata import version

import torch

from valaro.limits import LIMITS, VARIABLE, Limits

_PACKAGES = ("valaro", "torch", "numpy", "av", "opencv-python-headless", "pyarrow", "safetensors")


def environment() -> dict[str, str]:
    """Return names and versions; nothing that names the user or the machine."""
    facts = {package: version(package) for package in _PACKAGES}
    facts["python"] = platform.python_version()
    facts["system"] = f"{platform.system()} {platform.machine()}"
    facts["cpu instructions"] = torch.backends.cpu.get_cpu_capability()
    if torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name()
    usual = asdict(Limits())
    changed = [f"{name}={value:g}" for name, value in asdict(LIMITS).items() if value != usual[name]]
    return facts | ({VARIABLE: ",".join(changed)} if changed else {})

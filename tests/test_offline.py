"""What runs here is known to nobody else."""

import os
import subprocess
import sys
from pathlib import Path


def test_no_library_marks_the_machine_or_keeps_what_it_would_report(tmp_path: Path) -> None:
    # ONNX Runtime writes an identifier of the machine and a queue of events into the home folder, then sends them. It
    # keeps quiet where a variable says that it is tested, so the process gets none of ours.
    code = "from valaro.media.voice_activity import VoiceActivity; import numpy as np\n"
    code += "print(len(VoiceActivity().push(np.zeros(1024, np.float32))))"
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("2\n", "")
    assert sorted(path.name for path in tmp_path.rglob("*")) == []

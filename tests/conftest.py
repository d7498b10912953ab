"""What every test may rely on."""

import os
import signal

# The tests' networks are tiny: a second thread only waits for the first, and for whoever else uses the machine.
os.environ["OMP_NUM_THREADS"] = "1"

# A runner started in the background ignores Ctrl-C and hands that down to every program that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

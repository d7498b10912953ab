"""What every test may rely on."""

import signal

# A runner started in the background ignores Ctrl-C and hands that down to every program that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

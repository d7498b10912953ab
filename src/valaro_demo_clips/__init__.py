"""Talking heads, drawn and computed, on which `valaro demo` and the tests run.

A package of its own beside `valaro`, since it reads no recording and is no part of what a user imports; the wheel
brings it, so that the demo works without a network.
"""

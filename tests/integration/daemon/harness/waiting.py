"""Waiting for what other processes do."""

import time


def wait_until(condition, what, timeout=20.0, interval=0.02):
    """Returns the first true value of `condition()`; fails with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {timeout:g} s in vain until {what}")
        time.sleep(interval)

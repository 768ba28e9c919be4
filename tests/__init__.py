"""Tests, by room. What is set here holds before anything of the product is imported."""

import os

# what fails for a reason that may pass is tried again at once, and not after twenty seconds
os.environ.setdefault("KETENMONITOR_RETRY_SECONDS", "0.05")

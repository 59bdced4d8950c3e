"""The whole service in an emulated AWS account on this machine: `make e2e`.

What is deployed is what `app.py` writes, fitted to the emulator; fitted.py lists each difference.
"""

"""The emulator of AWS and what is put around it; runs in a virtual environment of its own."""

"""An API Gateway on this machine, for the demo, the tests and for practising.

It is built from what AWS was recorded or documented to do, and shares no code with the diagnosis:
otherwise their agreement would prove nothing.
"""

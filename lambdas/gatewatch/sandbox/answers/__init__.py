"""The bytes that the sandbox sends, one file for each front door.

Each answer says where it is known from; `row` names a response of the recorded corpus that the
conformance test holds it against.
"""

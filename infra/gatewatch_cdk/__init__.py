"""Gatewatch as CDK constructs, for any app: one for each capability, composed by the monitor.

From the wheel: `pip install 'gatewatch[cdk]'`. Everything else here may change with any version.
"""

from gatewatch_cdk.monitor import GatewatchMonitor, UnreadableFileError
from gatewatch_cdk.stack import GatewatchStack
from gatewatch_cdk.verification import VerifyAfterDeploy

__all__ = ["GatewatchMonitor", "GatewatchStack", "UnreadableFileError", "VerifyAfterDeploy"]

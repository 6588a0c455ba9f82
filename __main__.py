"""What `pulumi up` runs: load, deploy, export."""

import pulumi

from deployment import deploy
from settings.load import load

for name, value in deploy(*load()).items():
    pulumi.export(name, value)

"""What Django's settings find in the environment of a test run.

pytest.ini loads this module before pytest-django loads the settings; a conftest.py would come too late.
"""

import os
from uuid import uuid4

os.environ.setdefault("DEBUG", "true")
# Redis publishes past its database numbers: a prefix of its own keeps each worker and each run to itself.
os.environ["CHANNEL_PREFIX"] = f"test-{uuid4().hex[:12]}"

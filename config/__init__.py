"""What makes one Earshot of the rooms: settings, addresses, processes."""

import gc
import sys

# Containers made and not yet gone before Python looks for cycles among them; every process of ours begins
# here. Sixty requests under way have more than its own 700. While rooms are loaded it does not look at all
# (config/settings.py).
gc.set_threshold(10_000)

# Where there is OpenTelemetry redis-py loads it, for figures of its own that nobody asks for: 3 MB and 40 ms
# of every process. So there is none until redis is loaded; whoever records traces finds it later.
if "redis" not in sys.modules and "opentelemetry" not in sys.modules:
    sys.modules["opentelemetry"] = None
    import redis  # noqa: F401

    del sys.modules["opentelemetry"]

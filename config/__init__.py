"""What makes one Earshot of the rooms: settings, addresses, processes."""

import gc

# Containers made and not yet gone before Python looks for cycles among them; every process of ours begins
# here. Its own 700 have it look hundreds of times, in vain, while we are loaded: a sixth of a start. Later,
# sixty requests under way have more than that too.
gc.set_threshold(10_000)

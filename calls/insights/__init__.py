"""What all calls together come to: how many, how they went, how fast, at what cost."""

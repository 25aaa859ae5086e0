"""What is kept of callers, for how long, and how they are forgotten: `docs/privacy.md` tells it all."""

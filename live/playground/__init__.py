"""The playground: an agent is tried out, as its draft or a version tells it, from where a call stood."""

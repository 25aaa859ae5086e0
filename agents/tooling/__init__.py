"""Tools: how one of a workspace is asked, and how people set them up."""

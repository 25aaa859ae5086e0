"""Settings → Models: providers and their models, as a workspace's admins set them up and try them."""

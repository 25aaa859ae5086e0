"""Two web processes behind a proxy, two hundred readers, and everything that can go wrong between them."""

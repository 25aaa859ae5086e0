"""Finding calls by what was said in them: by its words, by its meaning, and by both together."""

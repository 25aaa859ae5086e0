"""When a person has to know: rules as they are written, and the fold that says when they fire. All pure."""

"""Pages and fragments that show lists of calls: the history, a glance at one of its calls, what ⌘K offers."""

"""What is asked of every call once it is over: fields, topics and scorecards; by models, then by people."""

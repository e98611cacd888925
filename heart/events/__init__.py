"""What happened: the history of events, their text for a person, and the command that is told of them."""

"""What all nodes come to know alike: the status table, and what operators order."""

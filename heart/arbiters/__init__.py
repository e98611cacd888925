"""What must agree before a node acts on a peer's silence."""

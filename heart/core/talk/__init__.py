"""What this node says, on which links, when; and whose beats it passes on."""

"""What this node hears of its peers, and what it holds each of them to be."""

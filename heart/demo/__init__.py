"""`heart demo`: two real nodes on this machine and cables to cut; needs neither root nor a network."""

"""Who holds each service, who may, who should, and what is done where it fails."""

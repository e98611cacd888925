"""The core that ships, on simulated links and clocks: one seed, one history."""

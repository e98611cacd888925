"""The search of `heart simulate --search` itself: that it can fail, and that nothing it found comes back."""

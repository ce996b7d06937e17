"""What providers call: no token, proved by signature, answered in the provider's own form."""

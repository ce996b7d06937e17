"""The OpenID provider: the standard's endpoints and our own pages for signing in."""

"""How fast the product is, measured in one run against a bare Flask route on the same server."""

"""One login for department sites: clients, consents, codes, tokens and logout (OpenID Connect)."""

"""The domains of Huiban and, below them, the core they stand on."""

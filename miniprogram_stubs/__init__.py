"""The outside world of the demonstration, as an HTTP application of its own.

It imports none of the product's packages: the only way in is the wire format of the real
parties, so a mistake made on our side cannot confirm itself here.
"""

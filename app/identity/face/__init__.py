"""The face level (人脸核验): a living face compared with the authority's picture, for a short time."""

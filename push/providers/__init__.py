"""Those who carry a knock to a phone."""

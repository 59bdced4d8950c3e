"""What a user expects of which route: authored text, canonical values, and the way between."""

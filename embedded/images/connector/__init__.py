"""The stand-in for the tunnel's connector, which runs in an image of its own."""

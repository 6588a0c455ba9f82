"""The pretended identity provider: Entra ID, GitHub and Cloudflare Access, as far as a hub asks them."""

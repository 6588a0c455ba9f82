"""What surrounds a stack on this machine, made to fit its document: names, addresses, and who answers there.

The stack itself stays as it is committed. Real are the packets, the certificates, the sign-in and the
policies; pretended are Microsoft, GitHub and Cloudflare, the company's proxy, and the people.
"""

from embedded.world.people import User
from embedded.world.surroundings import World, known, start, stop

__all__ = ["User", "World", "known", "start", "stop"]

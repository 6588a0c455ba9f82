"""NetworkPolicy enforcement for the one-node cluster: policies of the API become one nftables table.

What it promises, and what it does not:
- Ingress and egress of every pod that is not on the host's network, IPv4. IPv6 from or to pods is dropped.
- A pod address nobody has vouched for yet (API or CNI) may talk to nothing: closed until known.
- The host reaches its own pods always (probes, Traefik); pods reach the host as any `ipBlock`.
- Connections that stand stay when a policy starts to deny them, as with most network plugins.
- When the controller ends, the last table stays in force; only `remove()` takes it away.
"""

from embedded.netpol.table import TABLE, remove

__all__ = ["TABLE", "remove"]

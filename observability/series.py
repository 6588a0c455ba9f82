"""How series are selected: the metrics of one hub among those of a whole cluster."""

from __future__ import annotations

from dataclasses import dataclass

CORE = 'container=~"hub|chp"'
"""The containers of hub and proxy, as the chart names them."""
FAILED = 'status=~"failure|error"'
"""JupyterHub 5 counts both as failure; 6 tells errors of its own from failures of the server."""
# Nobody asked for a server in these: the hub refused by its own limits, or one was on its way already.
STARTED = 'status=~"success|failure|error"'
# Pages that the hub shows when a user's server does not answer: its code is that of the server.
OF_THE_HUB = 'handler!~".*ProxyErrorHandler"'


@dataclass(frozen=True)
class Place:
    """The namespace of one hub."""

    namespace: str

    def series(self, metric: str, *matchers: str) -> str:
        """Select a metric in this namespace."""
        mine = f'namespace="{self.namespace}"'
        return f"{metric}{{{', '.join((mine, *matchers))}}}"

    def rate(self, metric: str, *matchers: str, over: str) -> str:
        """Give how much a counter grows in a second."""
        return f"rate({self.series(metric, *matchers)}[{over}])"

    def grown(self, metric: str, *matchers: str, over: str) -> str:
        """Give by how much a counter has grown, all of its series together."""
        return f"sum(increase({self.series(metric, *matchers)}[{over}]))"

    def quantile(self, share: float, histogram: str, *matchers: str, over: str) -> str:
        """Give a quantile of a histogram."""
        buckets = self.rate(f"{histogram}_bucket", *matchers, over=over)
        return f"histogram_quantile({share}, sum by (le) ({buckets}))"

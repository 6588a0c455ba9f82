"""From settings to the values of the JupyterHub chart: pure functions, no Pulumi, no cluster.

Plain dictionaries live only here; that they are right is executed: `chart.schema` holds them against
the chart's own schema before anything is registered.
"""

"""Resources that belong together, as Pulumi components: wiring only, joined in deployment/."""

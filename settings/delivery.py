"""Which pipeline carries a change to the cluster, and what it waits for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.section import Section


class ByHand(Section):
    """Somebody types `pulumi up`."""

    tool: Literal["none"]


class GitHubActions(Section):
    """Workflows of a GitHub repository."""

    tool: Literal["githubActions"]
    approval: Literal["none", "manual"] = "manual"
    """`manual`: the deployment waits for a person."""


class GitLab(Section):
    """Pipelines of a GitLab project."""

    tool: Literal["gitlab"]
    runs_on: tuple[Literal["mergeRequest", "main", "schedule"], ...] = ("mergeRequest", "main", "schedule")
    """Preview on a merge request, deploy from main, look for drift on a schedule."""
    approval: Literal["none", "manual"] = "manual"
    """`manual`: the deployment waits for a person."""


class ArgoCd(Section):
    """ArgoCD renders and applies; generated secrets must not come from Helm (they would change each time)."""

    tool: Literal["argocd"]
    approval: Literal["none", "manual"] = "manual"
    """`manual`: a person starts the synchronisation."""


Delivery = Annotated[ByHand | GitHubActions | GitLab | ArgoCd, Field(discriminator="tool")]

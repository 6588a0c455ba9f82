"""Every correction of a requirement, and what holds it."""

from __future__ import annotations

from tests.unit.holding import Correction, InCluster, Page, Rule, Test, shape

VALUES = "tests/unit/test_values.py"
SECRETS = "tests/unit/test_components_secrets.py"
COMPONENTS = "tests/unit/test_components.py"
SETTINGS = "tests/unit/test_settings.py"
HERE = "tests/unit/test_corrections.py"
CARRIED = Test(
    "tests/unit/test_transcriptions.py", "test_both_doors_refuse_with_the_numbers_of_its_corrections"
)
SIGN_IN = "tests/unit/test_values_sign_in.py"
DOOR = "tests/unit/test_values_door.py"
SERVICES = "tests/unit/test_values_services.py"
STACKS = "tests/unit/test_values_stacks.py"
FLOWS = "tests/unit/test_flows.py"
TRAITS = "tests/unit/test_chart_traits.py"
MIRROR = "tests/unit/test_chart_mirror.py"
PLATFORM = "tests/unit/test_platform.py"
TUNNEL = "tests/unit/test_components_tunnel.py"
RIGHTS = "tests/unit/test_rights.py"

CORRECTIONS: dict[str, Correction] = {
    "D1": Correction(
        "Chart 2.0.0 with groups of Entra ID.",
        "That chart's sign-in knows no groups and lets every account of the tenant in; charts from 4.4.0 on.",
        (
            Rule("D1", ("old-chart", "snippet-old-chart-with-entra-groups")),
            Test(TRAITS, "test_groups_that_an_old_oauthenticator_does_not_know_are_refused"),
            CARRIED,
        ),
    ),
    "D2": Correction(
        "GitHub sign-in with administrators only, on a public tunnel.",
        "Organisations or teams say who gets in; nobody else does.",
        (
            Rule(
                "D2",
                (
                    "snippet-github-with-administrators-only",
                    "open-to-everyone",
                    "capabilities-that-let-nobody-in",
                    "everyone-may-sign-in",
                    "whole-organisation-on-a-public-host",
                    "team-beside-its-organisation",
                ),
            ),
            Test(SIGN_IN, "test_nobody_gets_in_who_is_not_named"),
            CARRIED,
        ),
    ),
    "D3": Correction(
        "Groups without managed groups and sign-in state.",
        "Groups are defined once, in auth.groups; from them comes all that the hub wants for them.",
        (
            Rule("D3", ("snippet-groups-without-their-definition",)),
            Rule("D4", ("profile-by-group-without-groups",)),
            Test(TRAITS, "test_the_snippets_of_the_requirement_documents_are_refused"),
            CARRIED,
            Test(SIGN_IN, "test_entra_knows_groups_by_object_id_and_people_by_a_unique_claim"),
        ),
    ),
    "D4": Correction(
        "Groups of Entra ID by name.",
        "The token carries object ids; names are ours. Above some 200 groups it carries none.",
        (
            shape("tenant-of-everybody"),
            Rule(
                "D4",
                (
                    "snippet-group-names-for-object-ids",
                    "object-ids-for-roles",
                    "group-that-nobody-defined",
                    "two-names-for-one-group",
                ),
            ),
            Page("Groups of people in many groups"),
            CARRIED,
        ),
    ),
    "D5": Correction(
        "User names from the display name.",
        "Two people may share it, and it changes: the object id, chosen once, or a name with its warning.",
        (
            Rule("D5", ("snippet-display-name-as-user-name", "homes-named-by-an-address")),
            CARRIED,
            Test(SIGN_IN, "test_entra_knows_groups_by_object_id_and_people_by_a_unique_claim"),
        ),
    ),
    "D6": Correction(
        "Two hubs with automatic failover.",
        "One hub: a second one on the same database takes the routes of the first away.",
        (
            shape("two-hubs"),
            Rule("D6", ("small-hub-for-hundreds",)),
            Test(VALUES, "test_one_hub_and_one_proxy"),
        ),
    ),
    "D7": Correction(
        "The hub scales by itself.",
        "Users' servers scale; the hub limits how many start and run.",
        (
            shape("autoscaled-hub"),
            Rule("D7", ("limit-below-the-scale", "more-starts-than-servers")),
        ),
    ),
    "D8": Correction(
        "Two proxies behind a load balancer.",
        "One proxy with memory enough: routes live in its memory.",
        (shape("two-proxies"), Rule("D8", ("small-proxy-for-hundreds",))),
    ),
    "D9": Correction(
        "No single point of failure.",
        "Hub and proxy are single, and start again soon.",
        (Page("What is single, and what its loss costs"),),
    ),
    "D10": Correction(
        "A disruption budget that keeps one of one.",
        "None for hub and proxy: it would stop every drain of a node.",
        (shape("disruption-budget-of-one"), Test(HERE, "test_no_disruption_budget_is_asked_for")),
    ),
    "D11": Correction(
        "One folder for all on local-path, on `standard`, on Ceph RBD.",
        "A folder of many nodes needs CephFS or NFS; on one node it is declared as such.",
        (
            Rule(
                "D11",
                (
                    "local-path-for-many-nodes",
                    "shared-folder-on-a-disk",
                    "shared-folder-on-many-nodes",
                    "shared-folder-for-one-pod",
                    "homes-on-many-nodes-of-a-disk",
                    "one-claim-for-two",
                ),
            ),
            InCluster("does the provisioner behind each StorageClass offer the access mode?"),
        ),
    ),
    "D12": Correction(
        "Homes on a class of Ceph S3.",
        "Such a class makes buckets; homes need volumes.",
        (
            shape("object-store-as-a-volume"),
            Rule("D12", ("homes-in-a-bucket", "shared-folder-in-a-bucket", "shared-folder-in-the-home")),
        ),
    ),
    "D13": Correction(
        "Dummy sign-in: one password for testers and administrators.",
        "Two passwords, named users, a last day, never a public host, never hundreds of people.",
        (
            shape("unknown-provider"),
            Rule(
                "D13",
                (
                    "snippet-dummy-sign-in-with-administrators",
                    "shared-password-on-a-public-host",
                    "shared-password-on-a-public-name",
                    "shared-password-without-users",
                    "shared-password-without-end",
                    "shared-password-past-its-end",
                    "shared-password-for-years",
                    "shared-password-for-hundreds",
                    "shared-password-in-production",
                    "any-name-for-colleagues",
                    "any-name-and-a-list",
                    "administrator-is-also-a-user",
                ),
            ),
            CARRIED,
        ),
    ),
    "D14": Correction(
        "A local sign-in for when the identity provider is away.",
        "One sign-in: a second one passes by second factor and groups.",
        (
            shape("second-sign-in"),
            Page("When the identity provider is away"),
            Page("When the provider is away", "sign-in.md"),
        ),
    ),
    "D15": Correction(
        "Secrets in values, in git, in manifests.",
        "Flat encrypted keys, or the cluster's own Secrets; none in the document, none in the values.",
        (
            shape("database-password-in-the-settings"),
            Rule(
                "D15",
                (
                    "client-secret-in-the-settings",
                    "tls-secret-of-the-chart",
                    "tls-secret-of-the-registry",
                    "client-secret-of-the-chart",
                    "database-password-for-everybody",
                    "store-over-plain-http",
                ),
            ),
            Test(
                "tests/unit/test_settings_load.py",
                "test_a_secret_anywhere_inside_the_document_is_refused_without_a_look_at_it",
            ),
            Test(SECRETS, "test_no_secret_leaves_the_program_in_plain_text"),
            Test(VALUES, "test_no_secret_is_among_the_values"),
            CARRIED,
        ),
    ),
    "D16": Correction(
        "ArgoCD renders a chart that generates secrets.",
        "Every generated secret is kept in Pulumi's state, by generation: rendering never makes another.",
        (
            Rule("D16", ("oldest-key-first",)),
            Test(SECRETS, "test_a_higher_generation_makes_a_new_secret"),
            Page("Delivery by ArgoCD"),
        ),
    ),
    "D17": Correction(
        "Upgrade and go back with helm or ArgoCD.",
        "A new chart changes the database, which no rollback changes back.",
        (
            Test(STACKS, "test_an_upgrade_of_the_database_of_others_is_never_by_itself"),
            Page("Upgrading, and going back"),
        ),
    ),
    "D18": Correction(
        "Delete and deploy anew, in an emergency.",
        "What holds data is protected and retained; the hub alone is restarted.",
        (
            Rule(
                "D18",
                ("unprotected-for-others", "homes-deleted-with-the-stack", "namespace-of-the-cluster"),
            ),
            Test(COMPONENTS, "test_what_holds_data_is_protected_and_retained_by_the_setting"),
            Page("In an emergency"),
        ),
    ),
    "D19": Correction(
        "Pull secrets as objects under singleuser.",
        "Names, once, for all pods; the chart's schema is held against the values before anything is made.",
        (
            shape("pull-secret-as-an-object"),
            Test(VALUES, "test_the_real_chart_refuses_what_it_does_not_know"),
        ),
    ),
    "D20": Correction(
        "A ServiceMonitor is enough for metrics.",
        "Prometheus gets a token that reads metrics, and a way through the hub's policy.",
        (
            shape("metrics-open-to-everyone"),
            Rule("D20", ("prometheus-that-nobody-lets-in", "watching-without-metrics")),
            Test(VALUES, "test_metrics_need_a_token_and_are_reached_from_named_namespaces_only"),
        ),
    ),
    "D21": Correction(
        "Seven platform services are integrated by their addresses.",
        "User pods reach nothing private by default: each service says how, and nothing else is opened.",
        (
            shape("service-without-a-way", "host-name-in-a-policy"),
            Rule("D21", ("two-services-of-one-name", "egress-to-everywhere")),
            Test(FLOWS, "test_each_stack_has_these_flows_and_no_other"),
            Test(PLATFORM, "test_each_service_of_254carbon_is_told_reached_and_asked_for"),
        ),
    ),
    "D22": Correction(
        "User pods under the hub's account.",
        "Two accounts, and no token in user pods.",
        (
            Rule("D22", ("one-identity-for-all",)),
            Test(VALUES, "test_user_pods_have_no_rights_and_no_token"),
            Test(COMPONENTS, "test_only_the_hub_has_a_token_and_least_rights"),
        ),
    ),
    "D23": Correction(
        "The list of rights to ask for.",
        "It lacks many kinds; nothing that needs rights over the whole cluster is switched on.",
        (
            Test(HERE, "test_nothing_needs_rights_over_the_cluster"),
            Test(RIGHTS, "test_every_kind_of_every_stack_has_its_rights_and_no_right_is_left_over"),
            Test("tests/e2e/test_rights.py", "test_the_deployer_brings_production_up"),
            InCluster("may whoever deploys make every kind of object that is rendered?"),
            Page("The deployer", "rights.md"),
        ),
    ),
    "D24": Correction(
        "Pod security policies.",
        "The level `restricted` of Pod Security, which the release lives within.",
        (
            shape("pod-security-policy"),
            Rule("D24", ("privileged-pods",)),
            Test(COMPONENTS, "test_the_namespace_enforces_pod_security"),
            Test(STACKS, "test_every_pod_of_the_release_is_within_restricted"),
        ),
    ),
    "D25": Correction(
        "The community's ingress-nginx.",
        "It has ended: F5's controller, Traefik or a Gateway.",
        (shape("community-ingress"), Rule("D25", ("community-ingress-by-its-namespace",))),
    ),
    "D26": Correction(
        "Kubernetes 1.24.",
        "Chart 4 wants 1.28 or newer.",
        (
            Rule("D26", ("cluster-too-old-for-the-chart",)),
            InCluster("is its version the one of the settings, and new enough for the chart?"),
        ),
    ),
    "D27": Correction(
        "An own chart for hub and proxy.",
        "The project's chart, Zero to JupyterHub, in every environment that reaches it.",
        (Page("Which chart"),),
    ),
    "D28": Correction(
        "One image is built, another is pushed.",
        "An image has one name, with its registry, and one tag.",
        (shape("image-without-registry"),),
    ),
    "D29": Correction(
        "The tag v1, pulled if it is not there.",
        "Tags that do not move, or digests.",
        (Rule("D29", ("moving-tag", "image-without-its-digest")),),
    ),
    "D30": Correction(
        "Docker in the pipeline, its password on the command line.",
        "Rootless builds, passwords on standard input, names that are not GitLab's own.",
        (Page("Building images in GitLab"),),
    ),
    "D31": Correction(
        "A kubeconfig as a variable of the pipeline.",
        "A short-lived identity of the namespace.",
        (Page("How a pipeline reaches the cluster"),),
    ),
    "D32": Correction(
        "A workflow that pushes to GHCR without saying so.",
        "It needs `packages: write`, and pulling needs a token that only reads.",
        (Page("Pushing to GHCR"),),
    ),
    "D33": Correction(
        "A connector outside that speaks plain HTTP to the ingress.",
        "The connector runs in the namespace, and is all that reaches the proxy.",
        (
            shape("tunnel-to-an-address-of-the-network"),
            Rule(
                "D33",
                (
                    "edge-without-a-tunnel",
                    "tunnel-and-a-load-balancer",
                    "tunnel-to-the-company",
                    "tunnel-with-one-connector",
                    "way-past-the-tunnel",
                ),
            ),
            Test(DOOR, "test_beside_a_tunnel_there_is_no_ingress"),
            Test(DOOR, "test_a_form_survives_another_proxy_on_its_way_back"),
            Test(TUNNEL, "test_its_policy_is_the_one_made_from_the_flows"),
            Page("Uploads through Cloudflare"),
        ),
    ),
    "D34": Correction(
        "Cloudflare Access, without saying how.",
        "An application of type SaaS as an OpenID Connect provider, with groups.",
        (
            Rule("D34", ("cloudflare-access-without-groups", "e-mail-address-for-a-group")),
            Page("Cloudflare Access", "sign-in.md"),
            Test(SIGN_IN, "test_cloudflare_is_a_provider_of_the_teams_own_application"),
        ),
    ),
    "D35": Correction(
        "Scaling by demand on machines that are there.",
        "Nothing adds a machine: quotas, culling and limits share what there is.",
        (
            Rule("D38", ("quota-below-the-scale", "gpu-profile-larger-than-its-quota")),
            Page("What scales, and what does not"),
        ),
    ),
    "D36": Correction(
        "GPU use as a metric of the hub.",
        "The hub has none: NVIDIA's exporter has, joined with the pods' labels.",
        (Page("Metrics of GPUs"),),
    ),
    "D37": Correction(
        "Audit logs to a SIEM.",
        "The hub's events tell of servers alone: a trail of our own tells of sign-in and administration.",
        (Test("tests/unit/test_audit.py", "test_every_hub_has_the_whole_trail"), Page("Audit")),
    ),
    "D38": Correction(
        "A ResourceQuota.",
        "With one, every pod must say what it needs: defaults for those that do not.",
        (
            Rule(
                "D38",
                (
                    "quota-without-defaults",
                    "quota-and-a-pod-without-limits",
                    "quota-of-nothing",
                    "profile-larger-than-the-quota",
                    "fewer-claims-than-users",
                ),
            ),
            Test(COMPONENTS, "test_quota_comes_with_defaults_for_those_who_ask_for_nothing"),
        ),
    ),
    "D39": Correction(
        "Culling, of users too.",
        "Servers are stopped; users and their homes are never removed.",
        (shape("culled-users"), Test(VALUES, "test_a_user_and_with_it_the_home_is_never_deleted")),
    ),
    "D40": Correction(
        "TLS at the load balancer and at the ingress.",
        "One field says where it ends, and decides scheme, headers and certificate.",
        (
            shape("tls-in-two-places"),
            Rule(
                "D40",
                (
                    "password-over-plain-http",
                    "tls-without-an-ingress",
                    "tunnel-with-a-certificate",
                    "load-balancer-before-one-machine",
                    "end-to-end-through-a-gateway",
                    "end-to-end-through-traefik",
                ),
            ),
        ),
    ),
    "D41": Correction(
        "The company's authority for the server's certificate only.",
        "Hub and notebooks trust it too, else their calls inside the company fail.",
        (
            Rule("D41", ("company-without-its-authorities",)),
            Test(SERVICES, "test_every_client_is_told_of_the_authorities_where_they_are_mounted"),
            Test(SIGN_IN, "test_the_hub_trusts_the_companys_authorities_when_it_asks_the_provider"),
        ),
    ),
    "D42": Correction(
        "Only the notebook's image lies in Artifactory.",
        "All images do, the chart's own among them: one prefix says where.",
        (
            Rule("D42", ("image-beside-the-mirror",)),
            Test(MIRROR, "test_every_image_of_the_real_chart_has_its_place"),
        ),
    ),
    "D43": Correction(
        "Names of files and secrets that contradict each other.",
        "One document for each environment; what it may say is generated from the program.",
        (Test(SETTINGS, "test_the_editor_schema_is_current"), Page("One name for each thing")),
    ),
    "D44": Correction(
        "Host and callback typed by hand.",
        "The callback is made from the host, and printed.",
        (
            Test(SETTINGS, "test_the_callback_follows_from_host_and_tls"),
            Test(SIGN_IN, "test_the_way_back_is_written_down_wherever_tls_ends"),
            CARRIED,
        ),
    ),
    "D45": Correction(
        "Less than one percent of downtime; more than a hundred users.",
        "Numbers are measured, or are called assumptions.",
        (Page("Numbers that nobody has measured"),),
    ),
}

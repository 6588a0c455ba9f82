{{- /*
NetworkPolicies of hub, proxy and user pods.
(dict "root" $ "component" <name> "pods" <component label> "values" <networkPolicy> "access" (list (dict "port" "label")) "flows" (list (dict "pods" "ports")))
*/}}
{{- define "small.policy" -}}
{{- $ := .root -}}
{{- $policy := .values -}}
{{- if $policy.enabled }}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .component }}
  labels: {{ include "small.labels" (list $ .component) | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{ include "small.selector" (list $ .pods) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- with $policy.allowedIngressPorts }}
    - ports:
        {{- range . }}
        - port: {{ . }}
        {{- end }}
    {{- end }}
    {{- range .access }}
    {{- $mark := dict "matchLabels" (dict (printf "hub.jupyter.org/network-access-%s" .label) "true") }}
    {{- $from := list (dict "podSelector" $mark) }}
    {{- if eq $policy.interNamespaceAccessLabels "accept" }}
    {{- $anywhere := dict "matchLabels" dict }}
    {{- $from = list (dict "podSelector" $mark "namespaceSelector" $anywhere) (dict "namespaceSelector" $mark) }}
    {{- end }}
    - ports:
        - port: {{ .port }}
      from: {{ toYaml $from | nindent 8 }}
    {{- end }}
    {{- with $policy.ingress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  egress:
    {{- range .flows }}
    - to:
        - podSelector:
            matchLabels: {{ include "small.selector" (list $ .pods) | nindent 14 }}
      ports:
        {{- range .ports }}
        - port: {{ . }}
        {{- end }}
    {{- end }}
    {{- include "small.egress" (dict "rules" $policy.egressAllowRules "metadata" (printf "%s/32" $.Values.singleuser.cloudMetadata.ip)) | nindent 4 }}
    {{- with $policy.egress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}

{{- define "small.blocks" -}}
{{- range . }}
- ipBlock:
    cidr: {{ . }}
{{- end }}
{{- end }}

{{- define "small.egress" -}}
{{- $private := list "10.0.0.0/8" "172.16.0.0/12" "192.168.0.0/16" -}}
{{- $rules := .rules -}}
{{- if or $rules.dnsPortsCloudMetadataServer $rules.dnsPortsKubeSystemNamespace $rules.dnsPortsPrivateIPs }}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
  to:
    {{- if $rules.dnsPortsCloudMetadataServer }}
    {{- include "small.blocks" (list .metadata) | nindent 4 }}
    {{- end }}
    {{- if $rules.dnsPortsKubeSystemNamespace }}
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
    {{- end }}
    {{- if $rules.dnsPortsPrivateIPs }}
    {{- include "small.blocks" $private | nindent 4 }}
    {{- end }}
{{- end }}
{{- if $rules.nonPrivateIPs }}
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except: {{ append $private .metadata | toYaml | nindent 10 }}
{{- end }}
{{- if $rules.privateIPs }}
- to: {{- include "small.blocks" $private | nindent 4 }}
{{- end }}
{{- if $rules.cloudMetadataServer }}
- to: {{- include "small.blocks" (list .metadata) | nindent 4 }}
{{- end }}
{{- end }}

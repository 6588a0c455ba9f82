{{- /* Parts that the pods share. */}}

{{- define "small.image" -}}
{{ .name }}:{{ .tag }}
{{- end }}

{{- define "small.env" -}}
{{- /* A list is Kubernetes' own form; a mapping gives a text, or a variable whose name is the key unless it says another. */ -}}
{{- if kindIs "slice" . }}
{{- with . }}{{ toYaml . }}{{ end }}
{{- else }}
{{- range $key, $value := . }}
{{- if kindIs "map" $value }}
- {{ merge (dict "name" ($value.name | default $key)) $value | toYaml | nindent 2 | trim }}
{{- else }}
- name: {{ $key | quote }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "small.pullSecrets" -}}
{{- /* (list $ <image>): the image's own, those for all pods, the one made by this release. */ -}}
{{- $ := index . 0 -}}
{{- $names := list -}}
{{- range concat ((index . 1).pullSecrets | default list) ($.Values.imagePullSecrets | default list) }}
{{- $names = append $names (ternary (dict "name" .) . (kindIs "string" .)) }}
{{- end }}
{{- with $.Values.imagePullSecret }}
{{- if and .create .automaticReferenceInjection }}{{ $names = append $names (dict "name" "image-pull-secret") }}{{ end }}
{{- end }}
{{- with $names }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "small.purpose" -}}
{{- /* (list <core or user> <prefer, require or ignore> <further required terms>) */ -}}
{{- $term := dict "matchExpressions" (list (dict "key" "hub.jupyter.org/node-purpose" "operator" "In" "values" (list (index . 0)))) -}}
{{- $terms := index . 2 -}}
{{- if eq (index . 1) "require" }}{{ $terms = prepend $terms $term }}{{ end -}}
{{- $affinity := dict -}}
{{- with $terms }}
{{- $_ := set $affinity "requiredDuringSchedulingIgnoredDuringExecution" (dict "nodeSelectorTerms" .) }}
{{- end }}
{{- if eq (index . 1) "prefer" }}
{{- $_ := set $affinity "preferredDuringSchedulingIgnoredDuringExecution" (list (dict "weight" 100 "preference" $term)) }}
{{- end }}
{{- with $affinity }}
affinity:
  nodeAffinity: {{ toYaml . | nindent 4 }}
{{- end }}
{{- end }}

{{- define "small.core" -}}
{{- /* (list $ <node selector> <own tolerations>): where hub and proxy run, and how important they are. */ -}}
{{- $ := index . 0 -}}
{{- $core := $.Values.scheduling.corePods -}}
{{- if $.Values.scheduling.podPriority.enabled }}
priorityClassName: {{ $.Release.Name }}-default-priority
{{- end }}
{{- with index . 1 }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with concat ($core.tolerations | default list) (index . 2 | default list) }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- include "small.purpose" (list "core" $core.nodeAffinity.matchNodePurpose list) }}
{{- end }}

{{- define "small.probes" -}}
{{- /* (list <values with both probes> <httpGet>) */ -}}
{{- $get := index . 1 -}}
{{- range $kind := list "livenessProbe" "readinessProbe" }}
{{- $probe := index (index $ 0) $kind }}
{{- if $probe.enabled }}
{{ $kind }}: {{ set (pick $probe "initialDelaySeconds" "periodSeconds" "timeoutSeconds" "failureThreshold") "httpGet" $get | toYaml | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{- define "small.disruption" -}}
{{- /* (list $ <component> <pdb values>) */ -}}
{{- $pdb := index . 2 -}}
{{- if $pdb.enabled }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ index . 1 }}
  labels: {{ include "small.labels" . | nindent 4 }}
spec:
  {{- if not (kindIs "invalid" $pdb.maxUnavailable) }}
  maxUnavailable: {{ $pdb.maxUnavailable }}
  {{- end }}
  {{- if not (kindIs "invalid" $pdb.minAvailable) }}
  minAvailable: {{ $pdb.minAvailable }}
  {{- end }}
  selector:
    matchLabels: {{ include "small.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{- define "small.fileData" -}}
{{- /* extraFiles as the body of a Secret; the file's name decides how a mapping is written. */ -}}
{{- range $key, $file := . }}
{{- if hasKey $file "binaryData" }}
{{ $key | quote }}: {{ $file.binaryData | replace "\n" "" | quote }}
{{- else if hasKey $file "stringData" }}
{{ $key | quote }}: {{ printf "%s\n" (trimSuffix "\n" $file.stringData) | b64enc | quote }}
{{- else if regexMatch "\\.ya?ml$" $file.mountPath }}
{{ $key | quote }}: {{ printf "%s\n" (toYaml $file.data) | b64enc | quote }}
{{- else if hasSuffix ".json" $file.mountPath }}
{{ $key | quote }}: {{ printf "%s\n" (toJson $file.data) | b64enc | quote }}
{{- else if hasSuffix ".toml" $file.mountPath }}
{{ $key | quote }}: {{ toToml $file.data | b64enc | quote }}
{{- else }}
{{- fail (printf "extraFiles.%s: data is written as YAML, JSON or TOML by the name of the file, and %s is none of them. Name it so, or give stringData." $key $file.mountPath) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Labels and names. Every define here takes (list $ <component>). */}}

{{- define "small.chart" -}}
{{- /* A label's value has no plus sign. */ -}}
{{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "small.selector" -}}
{{- $ := index . 0 -}}
component: {{ index . 1 }}
app: {{ $.Chart.Name }}
release: {{ $.Release.Name }}
{{- end }}

{{- define "small.podLabels" -}}
{{- $ := index . 0 -}}
{{ include "small.selector" . }}
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/name: {{ $.Chart.Name }}
app.kubernetes.io/instance: {{ $.Release.Name }}
{{- end }}

{{- define "small.labels" -}}
{{- $ := index . 0 -}}
{{ include "small.podLabels" . }}
chart: {{ include "small.chart" $ }}
heritage: {{ $.Release.Service }}
helm.sh/chart: {{ include "small.chart" $ }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
{{- end }}

{{- define "small.account" -}}
{{- /* (list <serviceAccount values> <name when it is ours>): an account that is not made here and not named is `default`. */ -}}
{{- $account := index . 0 -}}
{{- if $account.create }}{{ $account.name | default (index . 1) }}{{ else }}{{ $account.name | default "default" }}{{ end }}
{{- end }}

{{- define "small.base" -}}
{{- /* The path that the hub answers under, always ending in one slash. */ -}}
{{ printf "%s/" (.Values.hub.baseUrl | trimSuffix "/") }}
{{- end }}

{{- define "small.names" -}}
{{- /* What objects are called, for code in the hub: it reads them from the ConfigMap. */ -}}
fullname: ""
fullname-dash: ""
hub: hub
hub-serviceaccount: {{ include "small.account" (list .Values.hub.serviceAccount "hub") }}
hub-existing-secret: {{ .Values.hub.existingSecret | default "" | quote }}
hub-existing-secret-or-default: {{ .Values.hub.existingSecret | default "hub" }}
hub-pvc: hub-db-dir
proxy: proxy
proxy-api: proxy-api
proxy-public: proxy-public
continuous-image-puller: continuous-image-puller
continuous-image-puller-serviceaccount: {{ include "small.account" (list .Values.prePuller.continuous.serviceAccount "continuous-image-puller") }}
singleuser: singleuser
image-pull-secret: image-pull-secret
ingress: {{ .Chart.Name }}
priority: {{ .Release.Name }}-default-priority
image-puller-priority: {{ .Release.Name }}-image-puller-priority
{{- end }}

{{- /*
The keys of the Secret `hub` that outlive an upgrade: given by the values, else as they are in the cluster, else new.
They are worked out once in a rendering and kept beside the root's own keys, since the proxy's and the hub's checksums
would otherwise be of other random bytes than those in the Secret, and the second upgrade would restart both for nothing.
*/}}
{{- define "small.kept" -}}
{{- if not (hasKey . "smallKept") }}
{{- $there := (lookup "v1" "Secret" .Release.Namespace "hub" | default dict).data | default dict }}
{{- $config := .Values.hub.config | default dict }}
{{- $given := dict
  "hub.config.ConfigurableHTTPProxy.auth_token" (dig "ConfigurableHTTPProxy" "auth_token" "" $config | default .Values.proxy.secretToken)
  "hub.config.JupyterHub.cookie_secret" (dig "JupyterHub" "cookie_secret" "" $config | default .Values.hub.cookieSecret)
  "hub.config.CryptKeeper.keys" (dig "CryptKeeper" "keys" list $config | join ";")
}}
{{- range $name, $service := .Values.hub.services }}
{{- $_ := set $given (printf "hub.services.%s.apiToken" $name) ($service.apiToken | default $service.api_token) }}
{{- end }}
{{- $kept := dict }}
{{- range $key, $value := $given }}
{{- if $value }}
{{- $_ := set $kept $key ($value | b64enc) }}
{{- else if hasKey $there $key }}
{{- $_ := set $kept $key (index $there $key) }}
{{- else }}
{{- $_ := set $kept $key (randBytes 32 | b64dec | printf "%x" | b64enc) }}
{{- end }}
{{- end }}
{{- $_ := set . "smallKept" $kept }}
{{- end }}
{{- toYaml .smallKept }}
{{- end }}

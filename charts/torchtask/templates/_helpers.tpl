{{- /* The name of everything the release makes: its own name, with the chart's added when that is not in it. */}}
{{- define "torchtask.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* What tells this release's operator from any other Pod. A Deployment's selector cannot change: nor may these. */}}
{{- define "torchtask.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "torchtask.labels" -}}
{{ include "torchtask.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "torchtask.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "torchtask.fullname" .) -}}
{{- end -}}

{{- /* What the user says about a Pod goes before what we say. */}}
{{- define "torchtask.podAnnotations" -}}
{{- $port := .Values.healthPort | toString -}}
{{- $scrape := dict "prometheus.io/scrape" "true" "prometheus.io/port" $port "prometheus.io/path" "/metrics" -}}
{{- merge (dict) .Values.podAnnotations (ternary $scrape (dict) .Values.metrics.annotations) | toYaml -}}
{{- end -}}

{{- /* A pod on every node that removes the tables and then shows that it is done by being ready. */}}
{{- define "postern.removePods" -}}
automountServiceAccountToken: false
priorityClassName: system-node-critical
hostNetwork: true
dnsPolicy: Default
terminationGracePeriodSeconds: 0
{{- with include "postern.pullSecrets" . }}{{ . }}{{- end }}
securityContext:
  seccompProfile: { type: RuntimeDefault }
nodeSelector:
  kubernetes.io/os: linux
  {{- with .Values.agent.nodeSelector }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
tolerations:
  - operator: Exists
initContainers:
  - name: remove
    image: {{ include "postern.image" . | quote }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args: [agent, remove]
    resources:
      requests: { cpu: 10m, memory: 64Mi }
      limits: { memory: 128Mi }
    securityContext:
      runAsUser: 0
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: { drop: [ALL], add: [NET_ADMIN] }
    volumeMounts:
      - { name: state, mountPath: /var/lib/postern }
      - { name: run, mountPath: /run/postern }
containers:
  - name: removed
    image: {{ include "postern.image" . | quote }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    command: [sleep, infinity]
    resources:
      requests: { cpu: 1m, memory: 8Mi }
      limits: { memory: 16Mi }
    securityContext:
      runAsNonRoot: true
      runAsUser: 65532
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: { drop: [ALL] }
volumes:
  - name: state
    hostPath: { path: {{ .Values.agent.stateDirectory }}, type: DirectoryOrCreate }
  - name: run
    hostPath: { path: /run/postern, type: DirectoryOrCreate }
{{- end }}

{{- define "postern.hook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{- /* A Job of the uninstallation: list of the root, its name, its weight, its arguments. */}}
{{- define "postern.uninstallJob" -}}
{{- $root := index . 0 }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ index . 1 }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "postern.labels" $root | nindent 4 }}
  annotations:
    {{- include "postern.hook" (index . 2) | nindent 4 }}
spec:
  backoffLimit: 2
  activeDeadlineSeconds: {{ add $root.Values.uninstall.timeoutSeconds 60 }}
  template:
    metadata:
      labels:
        {{- include "postern.selector" "uninstall" | nindent 8 }}
    spec:
      serviceAccountName: postern-uninstall
      restartPolicy: Never
      hostNetwork: true
      dnsPolicy: Default
      {{- with include "postern.pullSecrets" $root }}{{ . | nindent 6 }}{{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        seccompProfile: { type: RuntimeDefault }
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
        - key: node-role.kubernetes.io/control-plane
          operator: Exists
      containers:
        - name: uninstall
          image: {{ include "postern.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args:
            - uninstall
            {{- range index . 3 }}
            - {{ . }}
            {{- end }}
            - --namespace={{ $root.Release.Namespace }}
            - --timeout={{ $root.Values.uninstall.timeoutSeconds }}
          resources:
            requests: { cpu: 10m, memory: 64Mi }
            limits: { memory: 128Mi }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
{{- end }}

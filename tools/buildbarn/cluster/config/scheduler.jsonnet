// SPDX-License-Identifier: Apache-2.0
// bb_scheduler: queues actions, hands them to the workers.
local dir = std.extVar('CLUSTER_DIR');
local allow = { allow: {} };

{
  clientGrpcServers: [{ listenPaths: [dir + '/scheduler-clients.sock'], authenticationPolicy: allow }],
  workerGrpcServers: [{ listenPaths: [dir + '/scheduler-workers.sock'], authenticationPolicy: allow }],
  contentAddressableStorage: { grpc: { address: 'unix://' + dir + '/storage.sock' } },
  maximumMessageSizeBytes: 2 * 1024 * 1024,
  executeAuthorizer: allow,
  modifyDrainsAuthorizer: allow,
  killOperationsAuthorizer: allow,
  actionRouter: {
    simple: {
      platformKeyExtractor: { action: {} },
      invocationKeyExtractors: [{ correlatedInvocationsId: {} }],
      initialSizeClassAnalyzer: { defaultExecutionTimeout: '1800s', maximumExecutionTimeout: '7200s' },
    },
  },
  platformQueueWithNoWorkersTimeout: '900s',
  global: {
    // How the cluster program sees that the workers have arrived.
    diagnosticsHttpServer: {
      httpServers: [{ listenAddresses: [std.extVar('CLUSTER_METRICS_ADDRESS')], authenticationPolicy: allow }],
      enablePrometheus: true,
    },
  },
}

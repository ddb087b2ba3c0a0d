// SPDX-License-Identifier: Apache-2.0
// bb_storage: the cache, and the front door that clients talk to.
// std.extVar reads the environment that the cluster program starts the server with.
local dir = std.extVar('CLUSTER_DIR');
local maximumMessageSizeBytes = 2 * 1024 * 1024;
local allow = { allow: {} };

local store(blocks, newBlocks, entries) = {
  'local': {
    keyLocationMapInMemory: { entries: entries },
    keyLocationMapMaximumGetAttempts: 8,
    keyLocationMapMaximumPutAttempts: 32,
    oldBlocks: 8,
    currentBlocks: 24,
    newBlocks: newBlocks,
  } + blocks,
};

{
  grpcServers: [
    {
      listenAddresses: [std.extVar('CLUSTER_ADDRESS')],
      authenticationPolicy: allow,
    } + (if std.extVar('CLUSTER_CERTIFICATE') == '' then {} else {
           tls: { serverKeyPair: { files: {
             certificatePath: std.extVar('CLUSTER_CERTIFICATE'),
             privateKeyPath: std.extVar('CLUSTER_PRIVATE_KEY'),
             refreshInterval: '3600s',
           } } },
         }),
    // The cluster's own servers use this one, so that the address is the clients' alone.
    {
      listenPaths: [dir + '/storage.sock'],
      authenticationPolicy: allow,
    },
  ],
  maximumMessageSizeBytes: maximumMessageSizeBytes,
  contentAddressableStorage: {
    backend: store({
      blocksOnBlockDevice: {
        source: { file: { path: dir + '/storage/cas', sizeBytes: std.parseInt(std.extVar('CLUSTER_CAS_BYTES')) } },
        spareBlocks: 3,
      },
    }, 3, 1024 * 1024),
    getAuthorizer: allow,
    putAuthorizer: allow,
    findMissingAuthorizer: allow,
  },
  actionCache: {
    backend: {
      // A result is a hit only while everything that it names is still there.
      completenessChecking: {
        // newBlocks has to be 1: an entry may replace an older one.
        backend: store({ blocksInMemory: { blockSizeBytes: 1024 * 1024 } }, 1, 128 * 1024),
        maximumTotalTreeSizeBytes: 64 * 1024 * 1024,
      },
    },
    getAuthorizer: allow,
    putAuthorizer: allow,
  },
  schedulers: {
    '': {
      endpoint: {
        address: 'unix://' + dir + '/scheduler-clients.sock',
        addMetadataJmespathExpression: '{"build.bazel.remote.execution.v2.requestmetadata-bin": incomingGRPCMetadata."build.bazel.remote.execution.v2.requestmetadata-bin"}',
      },
    },
  },
  executeAuthorizer: allow,
}

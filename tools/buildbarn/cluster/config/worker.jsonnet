// SPDX-License-Identifier: Apache-2.0
// bb_worker: lays out the inputs of actions, has a runner execute them, stores the outputs.
local dir = std.extVar('CLUSTER_DIR');
local storage = { grpc: { address: 'unix://' + dir + '/storage.sock' } };
local concurrency = std.parseInt(std.extVar('CLUSTER_JOBS'));

// The properties are those of //toolchains/platforms, all of them, sorted by name.
local runner(room, properties) = {
  endpoint: { address: 'unix://' + dir + '/rooms/' + room + '/run/runner.sock' },
  concurrency: concurrency,
  platform: { properties: properties },
  workerId: { room: room },
};
local machine = [
  { name: 'Arch', value: std.extVar('CLUSTER_ARCH') },
  { name: 'OSFamily', value: 'linux' },
];

{
  blobstore: {
    contentAddressableStorage: storage,
    actionCache: storage,
  },
  maximumMessageSizeBytes: 2 * 1024 * 1024,
  scheduler: { address: 'unix://' + dir + '/scheduler-workers.sock' },
  browserUrl: 'http://localhost/',
  buildDirectories: [{
    native: {
      buildDirectoryPath: dir + '/worker/build',
      cacheDirectoryPath: dir + '/worker/cache',
      maximumCacheFileCount: 100000,
      maximumCacheSizeBytes: 4 * 1024 * 1024 * 1024,
      cacheReplacementPolicy: 'LEAST_RECENTLY_USED',
    },
    runners: [runner('bare', machine)] + (
      if std.extVar('CLUSTER_SHELL') != '' then [runner('shell', machine + [{ name: 'shell', value: 'bash' }])] else []
    ),
  }],
  filePool: { directoryPath: dir + '/worker/pool' },
  inputDownloadConcurrency: 10,
  outputUploadConcurrency: 10,
  directoryCache: {
    maximumCount: 10000,
    maximumSizeBytes: 64 * 1024 * 1024,
    cacheReplacementPolicy: 'LEAST_RECENTLY_USED',
  },
}

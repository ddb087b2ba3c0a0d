// SPDX-License-Identifier: Apache-2.0
// bb_runner: executes the commands. It lives in a room (see package room), where these
// paths are.
{
  buildDirectoryPath: '/build',
  grpcServers: [{ listenPaths: ['/run/runner.sock'], authenticationPolicy: { allow: {} } }],
  // Emptied whenever no action runs.
  cleanTemporaryDirectories: ['/tmp'],
}

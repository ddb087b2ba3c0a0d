// SPDX-License-Identifier: Apache-2.0

// Package cluster runs a remote execution service on this machine: Buildbarn's storage,
// scheduler and worker, and runners whose actions see nothing of the machine.
package cluster

import (
	"context"
	"embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

//go:embed config/*.jsonnet
var configs embed.FS

// Cluster is a running remote execution service.
type Cluster struct {
	options Options
	metrics string // address of the scheduler's metrics
	servers []*server
}

// grace is how long a server may take to end by itself.
const grace = 2 * time.Second

// Start starts the service and waits until its workers are there.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c := &Cluster{options: o}
	if err := c.start(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	// Asked first: a server that finds its port taken says so less clearly.
	var err error
	if c.options.Address, err = freeAddress(c.options.Address); err != nil {
		return fmt.Errorf("clients cannot be served at %s: %w; choose another port with --port", c.options.Address, err)
	}
	if c.metrics, err = freeAddress("127.0.0.1:0"); err != nil {
		return err
	}
	for _, dir := range []string{"config", "storage", "worker/build", "worker/cache", "worker/pool"} {
		if err := os.MkdirAll(filepath.Join(c.options.Dir, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.CopyFS(c.options.Dir, configs); err != nil {
		return err
	}
	if c.options.TLS {
		if err := makeCertificate(c.options.Dir, time.Now()); err != nil {
			return err
		}
	}
	rooms := []string{"bare"}
	if c.options.Shell != "" {
		rooms = append(rooms, "shell")
		// A copy: the original is an output of Bazel, which another build may replace.
		shell := filepath.Join(c.options.Dir, "shell")
		if err := os.CopyFS(shell, os.DirFS(c.options.Shell)); err != nil {
			return err
		}
		c.options.Shell = shell
	}
	if err := c.serve("storage"); err != nil {
		return err
	}
	if err := c.serve("scheduler"); err != nil {
		return err
	}
	for _, name := range rooms {
		if err := c.serveRoom(name); err != nil {
			return err
		}
	}
	// A server that another one talks to is there first, so that none has to try again.
	ready := []func() (bool, error){c.connects("unix", "storage.sock"), c.connects("unix", "scheduler-workers.sock")}
	for _, name := range rooms {
		ready = append(ready, c.connects("unix", filepath.Join("rooms", name, "run", "runner.sock")))
	}
	if err := c.await(ctx, ready...); err != nil {
		return err
	}
	if err := c.serve("worker"); err != nil {
		return err
	}
	return c.await(ctx, c.connects("tcp", c.options.Address), func() (bool, error) {
		return workersArrived(c.metrics, len(rooms)*c.options.Jobs)
	})
}

// serve starts one of the servers that run on the machine itself.
func (c *Cluster) serve(name string) error {
	o := &c.options
	cmd := exec.Command(filepath.Join(o.Servers, "bb_"+name), filepath.Join(o.Dir, "config", name+".jsonnet"))
	cmd.Dir = o.Dir
	certificate, key := "", ""
	if o.TLS {
		certificate, key = filepath.Join(o.Dir, certificateFile), filepath.Join(o.Dir, privateKeyFile)
	}
	cmd.Env = []string{
		"CLUSTER_ADDRESS=" + o.Address,
		"CLUSTER_ARCH=" + arches[runtime.GOARCH],
		"CLUSTER_CAS_BYTES=" + strconv.FormatInt(o.CASBytes, 10),
		"CLUSTER_CERTIFICATE=" + certificate,
		"CLUSTER_DIR=" + o.Dir,
		"CLUSTER_JOBS=" + strconv.Itoa(o.Jobs),
		"CLUSTER_METRICS_ADDRESS=" + c.metrics,
		"CLUSTER_PRIVATE_KEY=" + key,
		"CLUSTER_SHELL=" + o.Shell,
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	return c.run("bb_"+name, cmd)
}

// serveRoom starts a runner in its room.
func (c *Cluster) serveRoom(name string) error {
	shell := ""
	if name == "shell" {
		shell = c.options.Shell
	}
	spec, err := c.options.runnerRoom(name, shell)
	if err != nil {
		return err
	}
	cmd, err := spec.Process()
	if err != nil {
		return err
	}
	if err := c.run("bb_runner:"+name, cmd); err != nil {
		return fmt.Errorf("%w; rooms are made of user namespaces, which this machine may forbid (kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)", err)
	}
	return nil
}

func (c *Cluster) run(name string, cmd *exec.Cmd) error {
	cmd.Stdout = c.options.Log
	cmd.Stderr = c.options.Log
	s, err := start(name, cmd)
	if err != nil {
		return err
	}
	c.servers = append(c.servers, s)
	return nil
}

// connects returns a condition: something accepts connections at an address. A Unix
// socket's is below the cluster's folder.
func (c *Cluster) connects(network, address string) func() (bool, error) {
	if network == "unix" {
		address = filepath.Join(c.options.Dir, address)
	}
	return func() (bool, error) {
		conn, err := net.Dial(network, address)
		if err != nil {
			return false, nil
		}
		conn.Close()
		return true, nil
	}
}

// await waits until every condition holds, or a server has ended.
func (c *Cluster) await(ctx context.Context, conditions ...func() (bool, error)) error {
	for _, condition := range conditions {
		for {
			ok, err := condition()
			if err != nil {
				return err
			}
			if ok {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("the cluster did not come up: %w", context.Cause(ctx))
			case <-time.After(50 * time.Millisecond):
			}
			if err := c.failed(); err != nil {
				return err
			}
		}
	}
	return nil
}

// failed returns an error when a server has ended that should not have.
func (c *Cluster) failed() error {
	for _, s := range c.servers {
		select {
		case <-s.done:
			return fmt.Errorf("%s ended: %v; see its words in the log", s.name, s.err)
		default:
		}
	}
	return nil
}

// Wait returns when the context is done, or with an error when a server ends before.
func (c *Cluster) Wait(ctx context.Context) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := c.failed(); err != nil {
				return err
			}
		}
	}
}

// Stop ends all servers and every action that still runs.
func (c *Cluster) Stop() {
	for i := len(c.servers) - 1; i >= 0; i-- {
		c.servers[i].stop(grace)
	}
	c.servers = nil
}

// Executor is the value of Bazel's flag --remote_executor.
func (c *Cluster) Executor() string {
	if c.options.TLS {
		return "grpcs://" + c.options.Address
	}
	return "grpc://" + c.options.Address
}

// freeAddress finds a port where the address asks for any, and checks that a given one is
// free.
func freeAddress(address string) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return address, err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// BazelFlags are those with which the cluster is used.
func (c *Cluster) BazelFlags() []string {
	flags := []string{"--config=remote", "--remote_executor=" + c.Executor()}
	if c.options.TLS {
		flags = append(flags, "--tls_certificate="+filepath.Join(c.options.Dir, certificateFile))
	}
	return flags
}

// SPDX-License-Identifier: Apache-2.0

package lock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
	"github.com/tidelock/tidelock/tools/matrix-gen/crawler"
)

// prober finds out whether files are where an index says they are. An archive
// may list a package that its mirrors lost: locking it would break the build
// for everybody.
type prober struct {
	client  *http.Client
	sources *mirror.Sources

	mu sync.Mutex
	// dead holds origins that could not be reached at all, so that a machine
	// without a way to the snapshot archive does not wait for it each time.
	dead map[string]bool
}

const (
	probeTimeout  = 30 * time.Second
	probeAttempts = 3
)

// errAbsent says that every place answered and none has the file.
var errAbsent = errors.New("no place has the file")

// find returns the first place that has the package: a local file or a URL.
// It fails with errAbsent, or with an error that another attempt may cure.
func (p *prober) find(ctx context.Context, pkg crawler.Package) (mirror.Location, error) {
	locations := p.sources.LocateURL(pkg.URL)
	if pkg.Archive != "" {
		locations = p.sources.Locate(pkg.Archive, pkg.Path)
	}
	var unreachable error
	for _, l := range locations {
		if l.Local != "" {
			if _, err := os.Stat(l.Local); err == nil {
				return l, nil
			}
			continue
		}
		if p.isDead(l.Origin) {
			continue
		}
		ok, err := p.head(ctx, l.URL)
		if ok {
			return l, nil
		}
		if ctx.Err() != nil {
			return mirror.Location{}, context.Cause(ctx)
		}
		if err != nil && l.Origin == "snapshot" {
			p.bury(l.Origin)
			continue
		}
		if err != nil {
			unreachable = fmt.Errorf("%s: %w", crawler.Redact(l.URL), err)
		}
	}
	if unreachable != nil {
		return mirror.Location{}, unreachable
	}
	return mirror.Location{}, errAbsent
}

func (p *prober) isDead(origin string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead[origin]
}

func (p *prober) bury(origin string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead == nil {
		p.dead = map[string]bool{}
	}
	p.dead[origin] = true
}

// head asks a server for a file. No and an error are different answers.
func (p *prober) head(ctx context.Context, url string) (bool, error) {
	var last error
	for attempt := range probeAttempts {
		if attempt > 0 {
			select {
			case <-ctx.Done():
				return false, context.Cause(ctx)
			case <-time.After(time.Duration(attempt) * time.Second):
			}
		}
		status, err := p.once(ctx, url)
		switch {
		case err != nil:
			last = err
		case status == http.StatusOK:
			return true, nil
		case status == http.StatusNotFound || status == http.StatusGone || status == http.StatusForbidden:
			return false, nil
		default:
			last = fmt.Errorf("the server answers %d %s", status, http.StatusText(status))
		}
	}
	return false, last
}

func (p *prober) once(ctx context.Context, url string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, errors.Unwrap(err) // without the URL, which the caller names
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode, nil
}

// SPDX-License-Identifier: Apache-2.0

package boot

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/fetch"
)

// logger writes lines that begin with the seconds since the start.
type logger struct {
	w     io.Writer
	start time.Time
	mu    sync.Mutex
}

func newLog(w io.Writer) *logger { return &logger{w: w, start: time.Now()} }

func (l *logger) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "bazelboot: [%2.0fs] %s\n", time.Since(l.start).Seconds(), fmt.Sprintf(format, args...))
}

// progress counts the packages of a download and says every few seconds how
// far it is.
type progress struct {
	log      *logger
	files    int
	total    int64
	done     int
	finished int64            // bytes of the files that are done
	running  map[string]int64 // bytes of the others
	last     time.Time
}

func newProgress(log *logger, files []fetch.File) *progress {
	p := &progress{log: log, files: len(files), running: map[string]int64{}, last: time.Now()}
	for _, f := range files {
		p.total += f.Size
	}
	return p
}

func (p *progress) event(e fetch.Event) {
	name := e.File.Name()
	if e.Done {
		p.done++
		p.finished += e.File.Size
		delete(p.running, name)
	} else {
		p.running[name] = e.Received
	}
	if time.Since(p.last) < 3*time.Second {
		return
	}
	p.last = time.Now()
	received := p.finished
	for _, n := range p.running {
		received += n
	}
	p.log.printf("%d of %d packages, %d of %d MB", p.done, p.files, received>>20, p.total>>20)
}

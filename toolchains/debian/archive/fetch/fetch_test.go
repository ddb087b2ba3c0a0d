// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
)

var content = bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB

func pinned(data []byte) File {
	sum := sha256.Sum256(data)
	return File{Archive: mirror.Debian, Path: "pool/main/x/x_1_amd64.deb", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))}
}

// serve starts a server for the handler and gives a Fetcher that has it (and
// further bases) as its mirrors.
func serve(t *testing.T, h http.HandlerFunc, more ...string) *Fetcher {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return fetcher(t, append([]string{s.URL}, more...)...)
}

func fetcher(t *testing.T, bases ...string) *Fetcher {
	t.Helper()
	f, err := New(Options{
		Sources:  &mirror.Sources{Bases: map[string][]string{mirror.Debian: bases}},
		CacheDir: t.TempDir(),
		Backoff:  time.Millisecond,
		Stall:    5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// file serves content with everything that net/http's own file server can do.
func file(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

func mustGet(t *testing.T, f *Fetcher, x File) {
	t.Helper()
	p := get(t, f, x)
	if _, err := os.Stat(p + ".part"); err == nil {
		t.Error("the partial file is still there")
	}
}

// get is for several at once: one that comes late has a partial file for a
// moment, until it sees the final one.
func get(t *testing.T, f *Fetcher, x File) string {
	t.Helper()
	p, err := f.Get(t.Context(), x)
	if err != nil {
		t.Error(err)
		return p
	}
	got, err := os.ReadFile(p)
	if err != nil {
		t.Error(err)
	}
	if sum := sha256.Sum256(got); hex.EncodeToString(sum[:]) != x.SHA256 {
		t.Errorf("%s holds %d other bytes", p, len(got))
	}
	return p
}

func TestGetOnceThenFromCache(t *testing.T) {
	var n atomic.Int32
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		if r.URL.Path != "/pool/main/x/x_1_amd64.deb" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		file(content)(w, r)
	})
	var wg sync.WaitGroup
	for range 4 { // at the same time, too
		wg.Go(func() { get(t, f, pinned(content)) })
	}
	wg.Wait()
	mustGet(t, f, pinned(content))
	if n.Load() != 1 {
		t.Errorf("downloaded %d times", n.Load())
	}
}

func TestDistdirComesFirst(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
	dir := t.TempDir()
	f.o.Sources.Distdirs = []string{dir}
	if err := os.WriteFile(filepath.Join(dir, "x_1_amd64.deb"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	mustGet(t, f, pinned(content))
}

func TestWrongFileInDistdirIsPassedOver(t *testing.T) {
	f := serve(t, file(content))
	dir := t.TempDir()
	f.o.Sources.Distdirs = []string{dir}
	for name, wrong := range map[string][]byte{"other": bytes.ToUpper(content), "shorter": content[:100]} {
		if err := os.WriteFile(filepath.Join(dir, "x_1_amd64.deb"), wrong, 0o644); err != nil {
			t.Fatal(err)
		}
		f.o.CacheDir = t.TempDir()
		t.Run(name, func(t *testing.T) { mustGet(t, f, pinned(content)) })
	}
}

func TestNextMirrorAfter404(t *testing.T) {
	second := httptest.NewServer(file(content))
	defer second.Close()
	var asked atomic.Int32
	f := serve(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); http.NotFound(w, r) }, second.URL)
	mustGet(t, f, pinned(content))
	if asked.Load() != 1 {
		t.Errorf("a 404 was asked for %d times", asked.Load())
	}
}

func TestNotFoundAnywhere(t *testing.T) {
	f := serve(t, http.NotFound)
	_, err := f.Get(t.Context(), pinned(content))
	var e *NotFoundError
	if !errors.As(err, &e) || !IsNotFound(err) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{"x_1_amd64.deb", "404", "TIDELOCK_DISTDIR"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(f.o.CacheDir, "sha256", "*", "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestManyPlacesDoNotFloodTheMessage(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(http.NotFound))
	defer s.Close()
	var bases []string
	for i := range 40 {
		bases = append(bases, fmt.Sprintf("%s/%d", s.URL, i))
	}
	_, err := fetcher(t, bases...).Get(t.Context(), pinned(content))
	if err == nil || len(err.Error()) > 1000 || !strings.Contains(err.Error(), "and 36 more") {
		t.Errorf("%v", err)
	}
}

func TestUnreachableIsNotNotFound(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(http.NotFound))
	s.Close()
	_, err := fetcher(t, s.URL).Get(t.Context(), pinned(content))
	var e *UnreachableError
	if !errors.As(err, &e) || IsNotFound(err) {
		t.Fatalf("error %v", err)
	}
}

func TestNoMirrorAtAll(t *testing.T) {
	_, err := fetcher(t).Get(t.Context(), pinned(content))
	if !IsNotFound(err) || !strings.Contains(err.Error(), mirror.MirrorEnv) {
		t.Errorf("error %v", err)
	}
}

func TestServerErrorsAreTriedAgain(t *testing.T) {
	var n atomic.Int32
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		file(content)(w, r)
	})
	mustGet(t, f, pinned(content))
	if n.Load() != 3 {
		t.Errorf("asked %d times", n.Load())
	}
}

func TestServerErrorsEnd(t *testing.T) {
	var n atomic.Int32
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		http.Error(w, "busy", http.StatusServiceUnavailable)
	})
	_, err := f.Get(t.Context(), pinned(content))
	var e *UnreachableError
	if !errors.As(err, &e) || n.Load() != 4 {
		t.Errorf("after %d requests: %v", n.Load(), err)
	}
}

// TestResume cuts the connection twice; the rest must be asked for by range.
func TestResume(t *testing.T) {
	var ranges []string
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if len(ranges) == 3 {
			file(content)(w, r)
			return
		}
		file(content)(&cut{ResponseWriter: w, left: 200 << 10}, r)
	})
	mustGet(t, f, pinned(content))
	if len(ranges) != 3 || ranges[0] != "" || !strings.HasPrefix(ranges[1], "bytes=") || ranges[2] <= ranges[1] {
		t.Errorf("ranges asked for: %q", ranges)
	}
}

// cut breaks the connection after some bytes.
type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(b []byte) (int, error) {
	if len(b) > c.left {
		c.ResponseWriter.Write(b[:c.left])
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(b)
	return c.ResponseWriter.Write(b)
}

func TestResumeAcrossRuns(t *testing.T) {
	var asked string
	f := serve(t, func(w http.ResponseWriter, r *http.Request) { asked = r.Header.Get("Range"); file(content)(w, r) })
	leave(t, f, content[:1000])
	mustGet(t, f, pinned(content))
	if asked != "bytes=1000-" {
		t.Errorf("asked for %q", asked)
	}
}

// leave puts a partial file into the cache.
func leave(t *testing.T, f *Fetcher, data []byte) {
	t.Helper()
	p := f.Path(pinned(content).SHA256) + ".part"
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestBadPartialFileIsStartedAgain(t *testing.T) {
	for name, bad := range map[string][]byte{
		"other bytes": []byte("something else"),
		"same length": bytes.ToUpper(content),
		"too long":    append(bytes.Clone(content), "more"...),
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, file(content))
			leave(t, f, bad)
			mustGet(t, f, pinned(content))
		})
	}
}

func TestServerWithoutRanges(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Write(content) })
	leave(t, f, content[:1000])
	mustGet(t, f, pinned(content))
}

func TestChecksumMismatch(t *testing.T) {
	for name, wrong := range map[string][]byte{
		"other bytes": bytes.ToUpper(content),
		"shorter":     content[:10],
		"longer":      append(bytes.Clone(content), 'x'),
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, file(wrong))
			_, err := f.Get(t.Context(), pinned(content))
			var e *ChecksumError
			if !errors.As(err, &e) {
				t.Fatalf("error %v", err)
			}
			if left, _ := filepath.Glob(filepath.Join(f.o.CacheDir, "sha256", "*", "*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func TestEndlessBody(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(content); err != nil {
				return
			}
		}
	})
	_, err := f.Get(t.Context(), pinned(content))
	var e *ChecksumError
	if !errors.As(err, &e) {
		t.Fatalf("error %v", err)
	}
}

func TestStalledConnection(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(content[:100])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	f.o.Stall, f.o.Attempts = 50*time.Millisecond, 2
	_, err := f.Get(t.Context(), pinned(content))
	if err == nil || !strings.Contains(err.Error(), "no data for 50ms") {
		t.Errorf("error %v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := serve(t, func(w http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	if _, err := f.Get(ctx, pinned(content)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestDiskFull limits the size of the files this process may write, which is
// the nearest thing to a full disk that needs no privilege.
func TestDiskFull(t *testing.T) {
	if os.Getenv("TIDELOCK_TEST_SMALL_DISK") == "" {
		t.Skip("run by TestDiskFullInChild")
	}
	f := serve(t, file(content))
	lim := syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &lim); err != nil {
		t.Fatal(err)
	}
	_, err := f.Get(t.Context(), pinned(content))
	var e *DiskError
	if !errors.As(err, &e) {
		t.Fatalf("error %v", err)
	}
	fmt.Println("disk error seen")
}

func TestDiskFullInChild(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.StartProcess(exe, []string{exe, "-test.run=^TestDiskFull$"}, &os.ProcAttr{
		Env: append(os.Environ(), "TIDELOCK_TEST_SMALL_DISK=1"), Files: []*os.File{nil, w, w},
	})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	out, _ := io.ReadAll(r)
	if st, err := p.Wait(); err != nil || !st.Success() || !bytes.Contains(out, []byte("disk error seen")) {
		t.Errorf("%v %v\n%s", st, err, out)
	}
}

func TestFullDiskIsNamed(t *testing.T) {
	err := error(&DiskError{Path: "p", Err: &os.PathError{Op: "write", Path: "p", Err: syscall.ENOSPC}})
	if !strings.Contains(err.Error(), "no space left") || !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
}

func TestBadFiles(t *testing.T) {
	f := fetcher(t)
	ok := pinned(content)
	for _, bad := range []func(*File){
		func(x *File) { x.SHA256 = "abc" },
		func(x *File) { x.SHA256 = strings.ToUpper(ok.SHA256) },
		func(x *File) { x.SHA256 = "../" + ok.SHA256[3:] },
		func(x *File) { x.Size = -1 },
		func(x *File) { x.Archive = "other" },
		func(x *File) { x.Path = "../../etc/passwd" },
		func(x *File) { x.Path = "/etc/passwd" },
		func(x *File) { x.Path = "" },
		func(x *File) { x.Path = "pool//x" },
		func(x *File) { x.URL = "http://a.example/x" },
	} {
		x := ok
		bad(&x)
		if _, err := f.Get(t.Context(), x); err == nil || IsNotFound(err) {
			t.Errorf("%+v: error %v", x, err)
		}
	}
}

func TestGetAll(t *testing.T) {
	contents := map[string][]byte{}
	var files []File
	for i := range 20 {
		data := fmt.Appendf(nil, "file %d", i)
		x := pinned(data)
		x.Path = fmt.Sprintf("pool/%d.deb", i)
		contents["/"+x.Path] = data
		files = append(files, x)
	}
	var now, most atomic.Int32
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(2 * time.Millisecond)
		now.Add(-1)
		file(contents[r.URL.Path])(w, r)
	})
	f.o.Parallel = 3
	var events int
	f.o.Progress = func(e Event) {
		if e.Done {
			events++
		}
	}
	paths := make([]string, len(files))
	if err := f.GetAll(t.Context(), files, First(paths)); err != nil {
		t.Fatal(err)
	}
	for i, p := range paths {
		if got, err := os.ReadFile(p); err != nil || string(got) != fmt.Sprintf("file %d", i) {
			t.Errorf("%d: %q %v", i, got, err)
		}
	}
	if most.Load() > 3 || events != 20 {
		t.Errorf("%d downloads at once, %d ends", most.Load(), events)
	}

	// The first error stops it.
	files[3].SHA256 = strings.Repeat("0", 64)
	var e *ChecksumError
	if err := f.GetAll(t.Context(), files, First(paths)); !errors.As(err, &e) {
		t.Errorf("error %v", err)
	}
	// A caller that goes on sees all the others.
	var good atomic.Int32
	err := f.GetAll(t.Context(), files, func(i int, p string, err error) error {
		if err == nil {
			good.Add(1)
		}
		return nil
	})
	if err != nil || good.Load() != 19 {
		t.Errorf("%d good, error %v", good.Load(), err)
	}
}

func TestRead(t *testing.T) {
	var n atomic.Int32
	f := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/dists/a/InRelease":
			if n.Add(1) < 2 {
				http.Error(w, "", http.StatusBadGateway)
				return
			}
			io.WriteString(w, "signed")
		default:
			http.NotFound(w, r)
		}
	})
	if got, err := f.Read(t.Context(), mirror.Debian, "dists/a/InRelease", 10); err != nil || string(got) != "signed" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := f.Read(t.Context(), mirror.Debian, "dists/a/InRelease", 3); err == nil || !strings.Contains(err.Error(), "larger than 3") {
		t.Errorf("%v", err)
	}
	var absent *AbsentError
	if _, err := f.Read(t.Context(), mirror.Debian, "dists/b/InRelease", 10); !errors.As(err, &absent) {
		t.Errorf("%v", err)
	}
	var un *UnreachableError
	if _, err := f.Read(t.Context(), mirror.Security, "dists/b/InRelease", 10); !errors.As(err, &un) {
		t.Errorf("%v", err)
	}
}

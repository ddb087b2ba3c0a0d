// SPDX-License-Identifier: Apache-2.0

// Package debtest makes small Debian archives for tests: real indexes, signed
// with a throw-away key and served over HTTP.
package debtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ulikunitz/xz"

	"github.com/tidelock/tidelock/toolchains/debian/archive/mirror"
)

// Archive is a pair of archives, debian and debian-security, on one server.
type Archive struct {
	t      testing.TB
	key    *openpgp.Entity
	url    string
	mu     sync.Mutex
	suites map[string]*Suite
	files  map[string][]byte
	asked  []string
}

// Suite is a suite under construction.
type Suite struct {
	// Name is what the suite's folder is called.
	Name string
	// Codename is what its head says; Name if empty.
	Codename string
	// ByHash offers the indexes under their checksums only.
	ByHash bool
	// ValidUntil ends the head's validity; never if zero.
	ValidUntil time.Time
	// Date of the head.
	Date    time.Time
	entries map[string][]string
	a       *Archive
}

// NewArchive starts an empty archive with a key of its own.
func NewArchive(t testing.TB) *Archive {
	t.Helper()
	key, err := openpgp.NewEntity("Test Archive", "", "archive@debian.example", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
	if err != nil {
		t.Fatal(err)
	}
	a := &Archive{t: t, key: key, suites: map[string]*Suite{}, files: map[string][]byte{}}
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	a.url = s.URL
	return a
}

// ServeHTTP serves what was published.
func (a *Archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	a.mu.Lock()
	data, ok := a.files[name]
	a.asked = append(a.asked, name)
	a.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// Asked lists the paths that were asked for since the last call.
func (a *Archive) Asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.asked
	a.asked = nil
	return out
}

// Sources are the places of this archive.
func (a *Archive) Sources() *mirror.Sources {
	return &mirror.Sources{Bases: map[string][]string{
		mirror.Debian:   {a.url + "/" + mirror.Debian},
		mirror.Security: {a.url + "/" + mirror.Security},
	}}
}

// URL is the base of the debian archive.
func (a *Archive) URL() string { return a.url + "/" + mirror.Debian }

// Keyring writes the public key to a file and returns its name.
func (a *Archive) Keyring() string {
	a.t.Helper()
	var b bytes.Buffer
	if err := a.key.Serialize(&b); err != nil {
		a.t.Fatal(err)
	}
	p := filepath.Join(a.t.TempDir(), "keyring.gpg")
	if err := os.WriteFile(p, b.Bytes(), 0o644); err != nil {
		a.t.Fatal(err)
	}
	return p
}

// Fingerprint of the key that signs.
func (a *Archive) Fingerprint() string { return fmt.Sprintf("%X", a.key.PrimaryKey.Fingerprint) }

// Suite returns the suite of the given name, new if need be.
func (a *Archive) Suite(name string) *Suite {
	s, ok := a.suites[name]
	if !ok {
		s = &Suite{Name: name, ByHash: true, Date: time.Now().Add(-time.Hour), entries: map[string][]string{}, a: a}
		a.suites[name] = s
	}
	return s
}

// Drop takes a suite off the server.
func (a *Archive) Drop(name string) {
	delete(a.suites, name)
	a.mu.Lock()
	defer a.mu.Unlock()
	for f := range a.files {
		if strings.Contains(f, "/dists/"+name+"/") {
			delete(a.files, f)
		}
	}
}

func (s *Suite) archive() string {
	if strings.HasSuffix(s.Name, "-security") {
		return mirror.Security
	}
	return mirror.Debian
}

// Add puts a file into the pool and an entry into the index of each of the
// architectures (blank-separated). The fields Filename, Size and SHA256 are
// added to the entry.
func (s *Suite) Add(arches, entry, path string, data []byte) {
	s.a.put(s.archive()+"/"+path, data)
	sum := sha256.Sum256(data)
	entry = strings.TrimSpace(entry) + fmt.Sprintf("\nFilename: %s\nSize: %d\nSHA256: %x\n", path, len(data), sum)
	for _, arch := range strings.Fields(arches) {
		s.entries[arch] = append(s.entries[arch], entry)
	}
}

func (a *Archive) put(name string, data []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files[name] = data
}

// Publish writes and signs the indexes of all suites.
func (a *Archive) Publish() {
	a.t.Helper()
	for _, s := range a.suites {
		s.publish()
	}
}

func (s *Suite) publish() {
	s.a.t.Helper()
	base := s.archive() + "/dists/" + s.Name + "/"
	arches := slices.Sorted(maps.Keys(s.entries))
	var sums strings.Builder
	for _, arch := range arches {
		data := compress(s.a.t, []byte(strings.Join(s.entries[arch], "\n")))
		sum := sha256.Sum256(data)
		folder := "main/binary-" + arch + "/"
		fmt.Fprintf(&sums, " %x %d %sPackages.xz\n", sum, len(data), folder)
		if s.ByHash {
			s.a.put(base+folder+"by-hash/SHA256/"+hex.EncodeToString(sum[:]), data)
		} else {
			s.a.put(base+folder+"Packages.xz", data)
		}
	}
	codename := s.Codename
	if codename == "" {
		codename = s.Name
	}
	head := fmt.Sprintf("Origin: Test\nSuite: %s\nCodename: %s\nDate: %s\n", codename, codename, s.Date.UTC().Format("Mon, 02 Jan 2006 15:04:05 MST"))
	if !s.ValidUntil.IsZero() {
		head += "Valid-Until: " + s.ValidUntil.UTC().Format("Mon, 02 Jan 2006 15:04:05 MST") + "\n"
	}
	if s.ByHash {
		head += "Acquire-By-Hash: yes\n"
	}
	head += "Architectures: " + strings.Join(arches, " ") + "\nComponents: main\nSHA256:\n" + sums.String()
	if len(arches) == 0 {
		head += " " + strings.Repeat("0", 64) + " 0 main/none\n"
	}
	s.a.put(base+"InRelease", s.a.Sign([]byte(head)))
}

// Edit changes a published file, whose name starts with the archive's id.
func (a *Archive) Edit(name string, change func([]byte) []byte) {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	data, ok := a.files[name]
	if !ok {
		a.t.Fatalf("%s was not published", name)
	}
	a.files[name] = change(bytes.Clone(data))
}

// EditMatching changes each published file whose name contains part.
func (a *Archive) EditMatching(part string, change func([]byte) []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, data := range a.files {
		if strings.Contains(name, part) {
			a.files[name] = change(bytes.Clone(data))
		}
	}
}

// Sign clear-signs a text with the archive's key.
func (a *Archive) Sign(text []byte) []byte { return SignAll(a.t, text, a) }

// SignAll clear-signs a text with the keys of several archives.
func SignAll(t testing.TB, text []byte, archives ...*Archive) []byte {
	t.Helper()
	var keys []*packet.PrivateKey
	for _, a := range archives {
		keys = append(keys, a.key.PrivateKey)
	}
	var b bytes.Buffer
	w, err := clearsign.EncodeMulti(&b, keys, nil)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func compress(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromabeam/chromabeam/transforms/failpoint"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Stage is a part of a fetch that takes time.
type Stage string

// The stages.
const (
	StageDownload Stage = "downloading"
	StageCheck    Stage = "checking"
)

// Failpoints returns the failpoints that a fetch passes, in their order.
func Failpoints() []string {
	return []string{"fetch.archive.described", "fetch.archive.received", "fetch.archive.synced", "fetch.archive.renamed"}
}

// Options say what to fetch.
type Options struct {
	// Dataset is one of [Datasets].
	Dataset Dataset
	// Output is the archive's file. Its folder is made if need be.
	Output string
	// Overwrite replaces an output that is there.
	Overwrite bool
	// BaseURL is the API's address, [DefaultBaseURL] where it is empty. It is
	// https, or http on this machine: the credentials are sent to it.
	BaseURL string
	// Environment is where credentials are looked for; its zero value is the
	// process's own.
	Environment Environment
	// Progress, if not nil, is told how many bytes of a stage are done. It is
	// called from one goroutine. A damaged download is fetched and checked a
	// second time.
	Progress func(s Stage, done, total int64)
	// Notice, if not nil, is given sentences for the user, such as why a transfer
	// begins again.
	Notice func(text string)
	// Transport does the requests; nil means one with short time limits for
	// connecting and none for the transfer.
	Transport http.RoundTripper
}

// Fetched is what a fetch came to.
type Fetched struct {
	// Dataset is OWNER/SLUG.
	Dataset string `json:"dataset"`
	// Path is the archive's.
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
	// Files counts the archive's members, folders not among them.
	Files int64 `json:"files"`
	// SHA256 is the archive's, in hexadecimal digits.
	SHA256 string `json:"sha256"`
	// Fresh is false where the archive was there already.
	Fresh bool `json:"fresh"`
	// Resumed is how many of the bytes an earlier fetch had left.
	Resumed int64 `json:"resumed"`
}

// Fetch puts a data set's archive at the output: whole and checked, or not at
// all. An output that is the archive already is left alone, without a word to
// the network; one that is no sound archive is an [ErrExists] unless Overwrite.
// An archive without any known picture's name is taken, with a notice.
//
// A transfer that breaks off is tried again after growing pauses, from where it
// stopped, until several attempts in a row have brought nothing; then, or when
// ctx ends, what is there stays for the next call. Which errors there are is
// said at the errors; those that only the user can remove are request errors in
// the sense of [fault.RequestError]. Two processes can not fetch the same output
// at once: the second gets an [ErrBusy].
func Fetch(ctx context.Context, o Options) (Fetched, error) {
	f, err := newFetcher(o)
	if err != nil {
		return Fetched{}, err
	}
	return f.fetch(ctx, o)
}

// fetcher is one fetch; the tests give it a clock of their own.
type fetcher struct {
	dataset     Dataset
	base        *url.URL
	credentials Credentials
	client      *http.Client
	progress    func(s Stage, done, total int64)
	notice      func(format string, args ...any)
	// object is where the API has sent us, nil where it has to be asked.
	object *url.URL
	// refused counts the addresses in a row that the storage refused.
	refused int

	sleep  func(ctx context.Context, d time.Duration) error
	now    func() time.Time
	random func() float64
	stall  time.Duration
}

func newFetcher(o Options) (*fetcher, error) {
	if o.Dataset.picture == nil {
		return nil, fault.Request("data set must be one of Datasets, got %q", o.Dataset.Name)
	}
	if o.Output == "" || strings.Contains(o.Output, "://") {
		return nil, fault.Request("output must be a file on this machine, got %q", o.Output)
	}
	if os.IsPathSeparator(o.Output[len(o.Output)-1]) {
		return nil, fault.Request("output must be a file and %q is a folder: add the file's name, such as %q",
			o.Output, filepath.Join(o.Output, o.Dataset.Name+".zip"))
	}
	base, err := parseBase(o.BaseURL)
	if err != nil {
		return nil, err
	}
	f := &fetcher{
		dataset: o.Dataset, base: base, client: newClient(o.Transport), progress: o.Progress,
		notice: func(string, ...any) {}, sleep: sleep, now: time.Now, random: rand.Float64, stall: stallTime,
	}
	if f.progress == nil {
		f.progress = func(Stage, int64, int64) {}
	}
	if o.Notice != nil {
		f.notice = func(format string, args ...any) { o.Notice(fmt.Sprintf(format, args...)) }
	}
	return f, nil
}

func (f *fetcher) fetch(ctx context.Context, o Options) (Fetched, error) {
	if there, err := f.existing(ctx, o); err != nil || there.Path != "" {
		return there, err
	}
	var err error
	if f.credentials, err = Find(o.Environment); err != nil {
		return Fetched{}, f.noToken(err)
	}
	if f.credentials.Warning != "" {
		f.notice("%s", f.credentials.Warning)
	}
	if err := os.MkdirAll(filepath.Dir(o.Output), 0o755); err != nil {
		return Fetched{}, fmt.Errorf("making the folder of the output: %w", err)
	}
	p, err := openPart(o.Output, f.dataset)
	if err != nil {
		return Fetched{}, err
	}
	got, err := f.into(ctx, p, o)
	return got, errors.Join(err, p.close())
}

// into downloads, checks and publishes the part.
func (f *fetcher) into(ctx context.Context, p *part, o Options) (Fetched, error) {
	if p.size > 0 {
		f.notice("going on after %d bytes that are there", p.size)
	}
	for again := false; ; again = true {
		if err := f.download(ctx, p); err != nil {
			return Fetched{}, fmt.Errorf("fetching %s: %w", f.dataset.Ref(), err)
		}
		failpoint.Hit("fetch.archive.received")
		c, err := f.verify(ctx, p.file, p.id)
		if err == nil {
			f.known(c)
			return f.fetched(o.Output, c, true, p.resumed), p.publish(o.Overwrite)
		}
		if !errors.Is(err, ErrDamaged) {
			return Fetched{}, err // the bytes may be good
		}
		_, transfer := errors.AsType[*digestError](err)
		known := p.id.MD5 != "" || p.id.CRC32C != ""
		if rerr := p.restart(); rerr != nil {
			return Fetched{}, errors.Join(err, rerr)
		}
		// Where the digests agree, the server's own copy is damaged.
		if again || known && !transfer {
			return Fetched{}, fmt.Errorf("fetching %s: %w", f.dataset.Ref(), err)
		}
		f.notice("%v; fetching it once more from its beginning", err)
	}
}

// existing looks at what the output is before the fetch. The Path of the result
// is empty where there is something to fetch.
func (f *fetcher) existing(ctx context.Context, o Options) (Fetched, error) {
	st, err := os.Stat(o.Output)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Fetched{}, nil
	case err != nil:
		return Fetched{}, fmt.Errorf("looking at the output: %w", err)
	case !st.Mode().IsRegular():
		return Fetched{}, fault.Request("output must be a file, and %q is none", o.Output)
	case o.Overwrite:
		return Fetched{}, nil
	}
	file, err := os.Open(o.Output)
	if err != nil {
		return Fetched{}, fmt.Errorf("looking at the output: %w", err)
	}
	defer file.Close()
	c, err := f.verify(ctx, file, identity{})
	switch {
	case errors.Is(err, ErrDamaged):
		return Fetched{}, fault.Request("%w: %q: %w; name another file, or use -overwrite", ErrExists, o.Output, err)
	case err != nil:
		return Fetched{}, err
	}
	f.known(c)
	return f.fetched(o.Output, c, false, 0), tidy(o.Output)
}

// known says so where an archive has none of the pictures' names. That is no
// error: the data set's owner may have renamed them.
func (f *fetcher) known(c contents) {
	if c.pictures == 0 {
		f.notice("none of the archive's files has a name that the pictures of %s are known by", f.dataset.Ref())
	}
}

func (f *fetcher) fetched(path string, c contents, fresh bool, resumed int64) Fetched {
	return Fetched{
		Dataset: f.dataset.Ref(), Path: path, Bytes: c.bytes, Files: c.files, SHA256: c.sha256, Fresh: fresh, Resumed: resumed,
	}
}

// noToken adds to an [ErrNoToken] how to get one.
func (f *fetcher) noToken(err error) error {
	if !errors.Is(err, ErrNoToken) {
		return err
	}
	return fault.Request("%w: create one at %s and set KAGGLE_API_TOKEN to it, or set KAGGLE_USERNAME and KAGGLE_KEY, "+
		"or save kaggle.json in ~/.kaggle; %s", err, settingsPage, f.dataset.byHand())
}

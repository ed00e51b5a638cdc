// SPDX-License-Identifier: Apache-2.0

package bulk_test

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/chromabeam/chromabeam/pipelines/bulk"
)

// Run colours a folder into another one. Called again, it does what is new.
func ExampleRun() {
	scans, run, clean := exampleFolders()
	defer clean()
	o := bulk.DefaultOptions()
	o.Model = run // what chromabeam train has made
	o.Input, o.Output = scans, filepath.Join(run, "coloured")
	o.Suffix = "-color"
	o.Backend = "go" // any machine has it
	s, err := bulk.Run(context.Background(), o)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d of %d pictures coloured, %d rejected\n", s.Colored, s.Pictures, s.Rejects)
	// Output: 3 of 3 pictures coloured, 0 rejected
}

// A Watcher is for programs that have a loop, and a clock, of their own.
func ExampleWatcher() {
	scans, run, clean := exampleFolders()
	defer clean()
	o := bulk.DefaultOptions()
	o.Model, o.Input, o.Output, o.Backend = run, scans, filepath.Join(run, "coloured"), "go"
	o.Watch = 30 * time.Second
	w, err := bulk.NewWatcher(context.Background(), o)
	if err != nil {
		panic(err)
	}
	for now := range 3 {
		r, err := w.Round(context.Background(), time.Unix(int64(now)*30, 0))
		fmt.Println(r.Waiting, "waiting,", r.Done, "done,", err)
	}
	s, err := w.Close(context.Background())
	fmt.Println(s.Colored, "coloured,", err)
	// Output:
	// 3 waiting, 0 done, <nil>
	// 0 waiting, 3 done, <nil>
	// 0 waiting, 0 done, <nil>
	// 3 coloured, <nil>
}

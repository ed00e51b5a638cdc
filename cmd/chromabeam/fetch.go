// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromabeam/chromabeam/infra/kaggle"
	"github.com/chromabeam/chromabeam/transforms/fault"
)

func fetchCommand() command {
	return command{
		name:     "fetch",
		synopsis: "pokemon|anime-faces -output FILE [flags]",
		summary:  "download one of the two known data sets from Kaggle",
		examples: []string{
			"chromabeam fetch pokemon -output pokemon.zip",
			"KAGGLE_API_TOKEN=... chromabeam fetch anime-faces -output faces.zip",
		},
		define: defineFetch,
	}
}

// endpointVariable names a mirror of Kaggle's API.
const endpointVariable = "KAGGLE_API_ENDPOINT"

func defineFetch(fs *flagSet) func(context.Context, terminal, []string) error {
	o := kaggle.Options{BaseURL: os.Getenv(endpointVariable)}
	fs.StringVar(&o.Output, "output", "", "zip `FILE` to make; a download that was cut off goes on at the next run")
	fs.BoolVar(&o.Overwrite, "overwrite", false, "replace a file that is something else, or fetch the data set anew")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	fs.require("output")
	return func(ctx context.Context, term terminal, args []string) error {
		if len(args) != 1 {
			return fault.Request("takes one data set, pokemon or anime-faces, got %d arguments", len(args))
		}
		var err error
		if o.Dataset, err = kaggle.Lookup(args[0]); err != nil {
			return err
		}
		return runFetch(ctx, term, o, *asJSON)
	}
}

func runFetch(ctx context.Context, term terminal, o kaggle.Options, asJSON bool) error {
	var stage kaggle.Stage
	var show func(done, total int64, note string)
	end := func() {}
	finish := func() {
		end()
		stage, end = "", func() {}
	}
	o.Progress = func(s kaggle.Stage, done, total int64) {
		if s != stage {
			finish()
			stage = s
			show, end = term.progress(string(s)+" "+o.Dataset.Name, "bytes")
		}
		show(done, total, "")
	}
	o.Notice = func(text string) {
		finish() // a bar must not run into the sentence
		fmt.Fprintln(term.stderr, text)
	}
	got, err := kaggle.Fetch(ctx, o)
	finish()
	if err != nil {
		return err
	}
	if !got.Fresh {
		fmt.Fprintf(term.stderr, "%s is there already and whole; nothing was fetched\n", got.Path)
	}
	err = term.result(asJSON, got, field{"dataset", got.Dataset}, field{"output", got.Path}, field{"bytes", got.Bytes},
		field{"files", got.Files}, field{"sha256", got.SHA256}, field{"fresh", got.Fresh}, field{"resumed", got.Resumed})
	fmt.Fprintf(term.stderr, "the data set's page, with its licence: %s\nnext: chromabeam prepare -preset %s -input %s -output %s\n",
		o.Dataset.Page(), o.Dataset.Name, shellWord(got.Path), shellWord(filepath.Join("data", o.Dataset.Name)))
	return err
}

// shellWord sets a path so that a shell takes it as one word.
func shellWord(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path // no flag
	}
	if !strings.ContainsFunc(path, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,+:@%~", r) && r < 0x80
	}) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
